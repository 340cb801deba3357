export { brief } from "./errors.ts";
export { onProcessExit } from "./exit-hook.ts";
export { isOrderly } from "./exit-reason.ts";
export type { Origin } from "./origin.ts";
export { namedInstance, serverInstance } from "./server-instance.ts";
export { startChildServer } from "./start-child.ts";
export { calledBy, callersOf, runTask } from "./task.ts";
export { taskStream } from "./task-stream.ts";
export { termKey } from "./term-key.ts";
