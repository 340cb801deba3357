export { channelsErrors } from "./errors.ts";
export { channelsSupervisor, socketSupervisor, transportsSupervisor } from "./socket-supervisor.ts";
export { SocketDrain } from "./transport-message.ts";
export { WebSocketTransport, type WebSocketMount } from "./transport/websocket.ts";
