import type { ViaName } from "./dest.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";
import type { Ref } from "./ref.ts";

/** A process that was monitored by its name: the DOWN names it as `{Name, Node}` does. A name in a registry is there only if nobody had it. */
export interface MonitoredName {
  readonly name: string | ViaName;
  readonly node: string;
}

/**
 * What a monitor leaves in the mailbox, once, when its process is gone: `{'DOWN', Ref, process, Pid, Reason}`.
 * `type` is `"DOWN"` unless the monitor was made with a tag of its own.
 */
export class DownMessage {
  readonly type: unknown;
  readonly ref: Ref;
  readonly process: Pid | MonitoredName;
  readonly reason: ExitReason;

  constructor(type: unknown, ref: Ref, process: Pid | MonitoredName, reason: ExitReason) {
    this.type = type;
    this.ref = ref;
    this.process = process;
    this.reason = reason;
  }
}
