export { runInProcess } from "./run-in-process.ts";
export { settle } from "./settle.ts";
export { VirtualClock } from "./virtual-clock.ts";
