import type { Dest } from "./dest.ts";
import { runtimeError } from "./errors.ts";
import { CAST } from "./message-tag.ts";
import { detachMonitor, Monitor } from "./monitor.ts";
import { Pid } from "./pid.ts";
import type { Process } from "./process.ts";
import { Ref } from "./ref.ts";
import type { Shard } from "./shard.ts";
import { Timer } from "./timer-wheel.ts";

/** `Dest ! Message`. Throws ROOKERY_BADARG for a name that nobody has; to the dead, or what was an alias, it is dropped. */
export function send(shard: Shard, dest: Dest, message: unknown): void {
  if (dest instanceof Pid) {
    dest.process?.deliverFrozen(undefined, message);
  } else if (dest instanceof Monitor) {
    sendToAlias(dest, message);
  } else {
    const target = shard.find(dest);
    if (target === undefined && !(dest instanceof Ref))
      throw runtimeError("ROOKERY_BADARG", "a registered name", typeof dest === "string" ? dest : dest.key);
    target?.deliverFrozen(undefined, message);
  }
}

/** `GenServer.cast`: never fails, whoever is there or not. */
export function cast(shard: Shard, dest: Dest, request: unknown): void {
  const target = dest instanceof Pid ? dest.process : shard.find(dest);
  target?.deliverFrozen(CAST, request);
}

function sendToAlias(ref: Monitor, message: unknown): void {
  const mode = ref.alias;
  if (mode === undefined) return;
  if (mode === "reply" || mode === "reply_demonitor") ref.alias = undefined;
  if (mode === "reply_demonitor") detachMonitor(ref);
  ref.watcher?.deliverFrozen(undefined, message);
}

/** A message that is sent when its time has come. A name is looked up then, and silently nobody's if it is free. */
export class MessageTimer extends Timer {
  readonly #shard: Shard;
  readonly #dest: Dest;
  readonly #message: unknown;
  readonly #target: Process | undefined;

  constructor(shard: Shard, dest: Dest, message: (timer: MessageTimer) => unknown) {
    super();
    this.#shard = shard;
    this.#dest = dest;
    this.#message = message(this);
    this.#target = dest instanceof Pid ? dest.process : undefined;
    // A timer to a process ends with it.
    if (this.#target !== undefined) (this.#target.timers ??= new Set()).add(this);
  }

  fire(): void {
    this.#target?.timers?.delete(this);
    this.#shard.find(this.#dest)?.deliverFrozen(undefined, this.#message);
  }

  /** Stops it; the milliseconds that were left, or false if it was over. */
  cancel(): number | false {
    const left = this.#shard.timers.left(this);
    this.#shard.timers.stop(this);
    this.#target?.timers?.delete(this);
    return left;
  }

  left(): number | false {
    return this.#shard.timers.left(this);
  }
}

/** What `startTimer` sends: `{timeout, TimerRef, Message}`. */
export interface TimeoutMessage {
  readonly type: "timeout";
  readonly ref: Timer;
  readonly message: unknown;
}

/** `erlang:send_after`, or, with `wrapped`, `erlang:start_timer`. */
export function startMessageTimer(
  shard: Shard,
  ms: number,
  dest: Dest,
  message: unknown,
  wrapped: boolean,
): MessageTimer {
  if (!(ms >= 0) || !Number.isFinite(ms)) throw runtimeError("ROOKERY_BADARG", "a time of at least 0 ms", ms);
  const timer = new MessageTimer(shard, dest, (ref) => {
    return wrapped ? ({ type: "timeout", ref, message } satisfies TimeoutMessage) : message;
  });
  // To the dead: never started, so that cancelling it answers false.
  if (!(dest instanceof Pid) || dest.process !== undefined) shard.timers.start(timer, ms);
  return timer;
}

/** `erlang:cancel_timer`: the milliseconds left, or false for a timer that is over and any other reference. */
export function cancelTimer(ref: unknown): number | false {
  return ref instanceof MessageTimer ? ref.cancel() : false;
}

export function readTimer(ref: unknown): number | false {
  return ref instanceof MessageTimer ? ref.left() : false;
}
