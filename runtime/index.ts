export { Agent } from "./agent.ts";
export type { SystemEvent } from "./behaviour.ts";
export type { From } from "./call.ts";
export type { CallbackMode } from "./callback-mode.ts";
export type { Clock, HostTimer } from "./clock.ts";
export type { CodeChange } from "./code-change.ts";
export type { CpuContext, CpuFunction, CpuTarget, CpuTaskOptions } from "./cpu-job.ts";
export type { CpuOptions } from "./cpu-pool.ts";
export type { Dest, NameFor, PidOf, ServerOf, Via, ViaHome, ViaName } from "./dest.ts";
export { nameOn } from "./shards/name-on.ts";
export type { Placement } from "./shards/placement.ts";
export type { ShardMessage } from "./shards/interconnect.ts";
export type { NameScope } from "./names.ts";
export type { NodeCarrier, NodeCarrierEvents } from "./nodes/node-carrier.ts";
export type { NodeMessage } from "./nodes/node-monitors.ts";
export type { NodeName } from "./nodes/node-name.ts";
export { DownMessage, type MonitoredName } from "./down-message.ts";
export { ExitError, RookeryError, StartError } from "./errors.ts";
export { ExitMessage } from "./exit-message.ts";
export type { ExitReason } from "./exit-reason.ts";
export type { ServerStatus } from "./format-status.ts";
export {
  type CallOf,
  type CallResult,
  type CastOf,
  type CastResult,
  GenServer,
  type InfoOf,
  type InitResult,
  type ReplyOf,
  type RequestTo,
} from "./gen-server.ts";
export { GenStatem, type StateFunctions, type StatemInit, type StatemResult } from "./gen-statem.ts";
export { type Logger, type LogLevel, silentLogger, stderrLogger } from "./logger.ts";
export type {
  CancelTimerMessage,
  CancelTimerOptions,
  TimeoutMessage,
  TimerOptions,
} from "./message-timer.ts";
export type { MultiCallResult } from "./multi-call.ts";
export { Pid } from "./pid.ts";
export type { ProcessInfo, ProcessItems } from "./process-info.ts";
export { type GroupMessage, ProcessGroups } from "./process-groups.ts";
export type { Random } from "./random.ts";
export { type Match, type RefMessage, TIMEOUT } from "./receive.ts";
export { Ref } from "./ref.ts";
export type { RegisteredNames } from "./registered-names.ts";
export {
  Registry,
  type RegisterResult,
  type RegistryEntry,
  type RegistryOptions,
  type RegistryRow,
} from "./registry.ts";
export { type CallResponse, ReplyMessage, type RequestId } from "./request.ts";
export {
  type Action,
  ignore,
  type NoReply,
  noReply,
  ok,
  type Ok,
  reply,
  type Reply,
  stop,
  type Stop,
} from "./returns.ts";
export { type HeartOptions, Runtime, type RuntimeOptions } from "./runtime.ts";
export type { MonitorOptions, Self } from "./self.ts";
export type { InitArg, ServerClass, ServerInstance } from "./server-class.ts";
export type { StartOptions, StartResult } from "./start.ts";
export {
  eventTimeout,
  genericTimeout,
  hibernate,
  nextEvent,
  postpone,
  replyTo,
  type StatemAction,
  type StatemActions,
  stateTimeout,
} from "./statem-action.ts";
export type { EnterEvent, InsertableEvent, StatemEvent } from "./statem-event.ts";
export { type Sys, sys } from "./sys.ts";
export type { DebugFunction, SysStatistics } from "./sys-debug.ts";
export type { SystemStatus } from "./system-mode.ts";
export {
  type Selection,
  Table,
  type TableAccess,
  type TableHeir,
  type TableInfo,
  type TableOptions,
  TableTransfer,
} from "./table.ts";
export type { CounterUpdate } from "./table-counter.ts";
export type { TableRow, TableType } from "./table-rows.ts";
export { Task, type TaskBody, type TaskResult, type YieldManyOptions } from "./task.ts";
export { TaskReply } from "./task-reply.ts";
export type { TaskStreamBody, TaskStreamOptions } from "./task-stream.ts";
export { type SpanResult, type TelemetrySpan, telemetrySpan } from "./telemetry-span.ts";
export {
  attachTelemetry,
  detachTelemetry,
  type HandlerFailure,
  handlerFailed,
  TelemetryEvent,
  type TelemetryHandler,
  telemetryEvent,
  type TelemetryMessage,
} from "./telemetry.ts";
export {
  initialState,
  type InitialState,
  keepState,
  nextState,
  repeatState,
  stopAndReply,
  type StopAndReply,
  type Transition,
} from "./transition.ts";
