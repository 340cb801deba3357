import type { ExitReason } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";

/** What a process that traps exits finds in its mailbox for an exit signal: `{'EXIT', Pid, Reason}`. */
export class ExitMessage {
  readonly type = "EXIT";
  readonly pid: Pid;
  readonly reason: ExitReason;

  constructor(pid: Pid, reason: ExitReason) {
    this.pid = pid;
    this.reason = reason;
  }
}
