export { Application, type ApplicationOptions, type SignalSource } from "./application.ts";
export type { ApplicationSpec } from "./application-spec.ts";
export type { AutoShutdown } from "./auto-shutdown.ts";
export {
  child,
  type ChildDefaults,
  type ChildId,
  type ChildName,
  type ChildOptions,
  type ChildSpec,
  type ChildSpecs,
  type ChildStartResult,
  type ChildType,
  type CompleteChildSpec,
  type RestartType,
  type ServerChildSpec,
  type Shutdown,
  type StartFunction,
} from "./child-spec.ts";
export { DynamicSupervisor, type StartDynamicChildResult } from "./dynamic-supervisor.ts";
export { EveryShard, type EveryShardOptions, onEveryShard } from "./every-shard.ts";
export { ModuleSupervisor } from "./module-supervisor.ts";
export { PartitionSupervisor, type ResizeResult } from "./partition-supervisor.ts";
export type { Strategy } from "./restart-plan.ts";
export {
  type ChildCounts,
  type ChildInfo,
  type ChildSpecResult,
  type DeleteChildResult,
  type RestartChildResult,
  type StartChildError,
  type StartChildResult,
  Supervisor,
  type TerminateChildResult,
} from "./supervisor.ts";
export type {
  DynamicSupervisorOptions,
  IntensityOptions,
  PartitionSupervisorOptions,
  SupervisorOptions,
} from "./supervisor-options.ts";
export {
  type SupervisedTaskOptions,
  type SupervisedTaskStreamOptions,
  TaskSupervisor,
} from "./task-supervisor.ts";
export { type SupervisorRestart, supervisorRestart } from "./telemetry.ts";
