export { startDynamicChildFor } from "./dynamic-supervisor.ts";
export { supervisionOf } from "./supervision.ts";
