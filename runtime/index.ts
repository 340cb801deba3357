export type { From } from "./call.ts";
export type { Clock, HostTimer } from "./clock.ts";
export type { Dest, Via, ViaHome, ViaName } from "./dest.ts";
export { DownMessage, type MonitoredName } from "./down-message.ts";
export { ExitError, RookeryError, StartError } from "./errors.ts";
export { ExitMessage } from "./exit-message.ts";
export type { ExitReason } from "./exit-reason.ts";
export {
  type CallOf,
  type CallResult,
  type CastOf,
  type CastResult,
  GenServer,
  type InitResult,
  type ReplyOf,
} from "./gen-server.ts";
export { type Logger, silentLogger, stderrLogger } from "./logger.ts";
export { Pid } from "./pid.ts";
export type { ProcessInfo } from "./process-info.ts";
export { ProcessGroups } from "./process-groups.ts";
export type { Random } from "./random.ts";
export { type Match, TIMEOUT } from "./receive.ts";
export { Ref } from "./ref.ts";
export { Registry, type RegisterResult, type RegistryEntry, type RegistryOptions } from "./registry.ts";
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
export { Runtime, type RuntimeOptions } from "./runtime.ts";
export type { MonitorOptions, Self } from "./self.ts";
export type { TimeoutMessage } from "./send.ts";
export type { InitArg, ServerClass, ServerInstance } from "./server-class.ts";
export type { StartOptions, StartResult } from "./start.ts";
export { Task, type TaskBody, TaskReply, type TaskResult } from "./task.ts";
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
