import { Addressee } from "../addressee.ts";
import type { PendingCall } from "../call.ts";
import type { ExitReason } from "../exit-reason.ts";
import { tellWatchers } from "../exit-signal.ts";
import type { MessageTag } from "../mailbox.ts";
import { CAST, STOP, SYSTEM } from "../message-tag.ts";
import { attachMonitor, detachMonitor, monitorsOf } from "../monitor.ts";
import type { Pid } from "../pid.ts";
import type { Shard } from "../shard.ts";
import { SignalKind as Kind } from "../shards/signal-kind.ts";
import type { SystemCall } from "../system-call.ts";

/** What takes signals to a name on another node. */
export interface NameLine {
  send(signal: readonly unknown[]): void;
  /** Asks who has the name, for `asking`, and to be told of the end of that process. */
  ask(asking: RemoteName): void;
  /** Answers the call that waits, as other shards know it. */
  exportCall(call: PendingCall): number;
}

/**
 * Stands for whoever has a name on another node: for one signal, or for monitors until it is known who that is. From then on they are
 * monitors of that process, whoever has the name later.
 */
export class RemoteName extends Addressee {
  /** Nobody's: there is none for a name. */
  readonly pid: Pid;
  readonly #line: NameLine;
  #asked = false;

  constructor(shard: Shard, pid: Pid, line: NameLine) {
    super(shard);
    this.pid = pid;
    this.#line = line;
  }

  deliver(tag: MessageTag, message: unknown): void {
    const line = this.#line;
    if (tag === undefined) line.send([Kind.Message, undefined, message]);
    else if (tag === CAST) line.send([Kind.Cast, undefined, message]);
    else if (tag === STOP) line.send([Kind.Stop, message]);
    else if (tag === SYSTEM) {
      const call = message as SystemCall;
      line.send([Kind.System, line.exportCall(call), call.request]);
    } else line.send([Kind.Call, line.exportCall(tag as PendingCall), message]);
  }

  deliverFrozen(tag: MessageTag, message: unknown): void {
    this.deliver(tag, message);
  }

  /** The next message to the name belongs to a trace. */
  deliverContext(context: unknown): void {
    this.#line.send([Kind.Context, context, undefined]);
  }

  exit(from: Pid, reason: ExitReason): void {
    this.#line.send([Kind.Exit, from, reason]);
  }

  // Links are between pids.

  linkBroken(): void {}

  linked(): void {}

  unlinked(): void {}

  monitored(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#line.ask(this);
  }

  /** `pid` has the name, or, if undefined, nobody. */
  found(pid: Pid | undefined): void {
    const process = pid?.process;
    if (process === undefined) return this.ended("noproc");
    for (const monitor of monitorsOf(this.watching, "watching")) {
      detachMonitor(monitor);
      attachMonitor(monitor, process);
    }
  }

  ended(reason: ExitReason): void {
    tellWatchers(this, reason);
  }
}
