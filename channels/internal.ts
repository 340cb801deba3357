export { socketSupervisor, transportsSupervisor } from "./socket-supervisor.ts";
export { SocketDrain } from "./transport-message.ts";
export { WebSocketTransport } from "./transport/websocket.ts";
