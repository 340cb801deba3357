export type { Candidate } from "./testing/candidate.ts";
export { chaos, type ChaosOptions, type ChaosReport, type Invariant } from "./testing/chaos.ts";
export { chaosEach, type ChaosEachOptions, type ChaosScenario } from "./testing/chaos-each.ts";
export type { ChaosSystem } from "./testing/chaos-system.ts";
export { crash, exit, type Fault, flood, kill, shardCrash, stall } from "./testing/fault.ts";
export type { FaultScript, ScriptedFault } from "./testing/fault-script.ts";
export { behaving, labelled, named, onPlace, supervised, type Target, under } from "./testing/target.ts";
