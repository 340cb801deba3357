export { CapturedLog, type LogLine } from "./captured-log.ts";
export { JumpingClock } from "./jumping-clock.ts";
export { LoopNodes } from "./nodes/loop-nodes.ts";
export { runInProcess } from "./run-in-process.ts";
export { SeededRandom } from "./seeded-random.ts";
export { settle } from "./settle.ts";
export { type PropertyOptions, simulateEach } from "./simulated-property.ts";
export { simulate, Simulation, type SimulationOptions } from "./simulation.ts";
export { VirtualClock } from "./virtual-clock.ts";
