import type { ExitReason } from "./exit-reason.ts";
import type { Few } from "./few.ts";
import type { MessageTag } from "./mailbox.ts";
import type { Monitor } from "./monitor.ts";
import type { Pid } from "./pid.ts";
import type { Shard } from "./shard.ts";
import type { Timer } from "./timer-wheel.ts";

/** Whom signals can reach from a shard: a process that lives on it, or what stands here for one that lives elsewhere. */
export abstract class Addressee {
  readonly shard: Shard;
  abstract readonly pid: Pid;
  links: Few<Pid> = undefined;
  /** The newest of the monitors by which it is watched. */
  watching: Monitor | undefined = undefined;
  /** Timers that send to this pid: they end with it. */
  timers: Few<Timer> = undefined;

  constructor(shard: Shard) {
    this.shard = shard;
  }

  /** A message, or a request by its tag. Dropped if the process is dead. */
  abstract deliver(tag: MessageTag, message: unknown): void;

  /** As `deliver`, for messages from users' code: frozen while developing, so that shared mutable state shows at once. */
  abstract deliverFrozen(tag: MessageTag, message: unknown): void;

  /** `exit(Pid, Reason)` from `from`. */
  abstract exit(from: Pid, reason: ExitReason): void;

  /** The exit signal of a link that is already gone. */
  abstract linkBroken(from: Pid, reason: ExitReason): void;

  /** `from` has entered a link to it. */
  abstract linked(from: Pid): void;

  abstract unlinked(from: Pid): void;

  /** A monitor has been attached. */
  abstract monitored(): void;
}
