export { temporaryWorker } from "./child-spec.ts";
export { startDynamicChildFor } from "./dynamic-supervisor.ts";
export { supervisionOf } from "./supervision.ts";
