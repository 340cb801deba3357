export { filterParameters, isSecretName } from "./filter-parameters.ts";
export { socketSupervisor, transportsSupervisor } from "./socket-supervisor.ts";
export { isSocketTransport } from "./socket-transport.ts";
export { SocketDrain } from "./transport-message.ts";
export { LongPollTransport } from "./transport/longpoll.ts";
export { asksForWebSocket } from "./transport/upgrade-request.ts";
export { WebSocketTransport } from "./transport/websocket.ts";
