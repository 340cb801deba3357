import type { Addressee } from "./addressee.ts";
import { expectDuration, expectFlags } from "./argument.ts";
import { type Dest, expectDest } from "./dest.ts";
import { runtimeError } from "./errors.ts";
import { withItem, withoutItem } from "./few.ts";
import { deepFreeze } from "./freeze.ts";
import { Monitor } from "./monitor.ts";
import { Pid } from "./pid.ts";
import { RemoteProcess } from "./shards/remote-process.ts";
import { RemoteRef } from "./shards/remote-ref.ts";
import { expectCopyable } from "./shards/uncopyable.ts";
import type { Process } from "./process.ts";
import { Ref } from "./ref.ts";
import { sendToAlias } from "./send.ts";
import type { Shard } from "./shard.ts";
import { Timer } from "./timer-wheel.ts";

/** What `startTimer` sends: `{timeout, TimerRef, Message}`. */
export interface TimeoutMessage {
  readonly type: "timeout";
  readonly ref: Ref;
  readonly message: unknown;
}

/** What an asynchronous `cancelTimer` sends to its caller: `{cancel_timer, TimerRef, Left}`. */
export interface CancelTimerMessage {
  readonly type: "cancel_timer";
  readonly ref: Ref;
  readonly leftMs: number | false;
}

/** From when a timer counts: the options of `erlang:send_after/4`. */
export interface TimerOptions {
  /** The time is one of `runtime.clock.nowMs()`, not from now on. One that has passed is due at once. */
  readonly absolute?: boolean;
}

/** How a timer is cancelled, and who is told: the options of `erlang:cancel_timer/2`. */
export interface CancelTimerOptions {
  /** Answers nothing; the caller gets a CancelTimerMessage instead. */
  readonly async?: boolean;
  /** `false`: nobody wants to know what was left. */
  readonly info?: boolean;
}

/** A message that is sent when its time has come. A name is looked up then, and silently nobody's if it is free. */
class MessageTimer extends Timer {
  readonly #shard: Shard;
  readonly #dest: Dest;
  readonly #message: unknown;
  readonly #target: Addressee | undefined;
  /** Of an interval: the time from one message to the next. */
  readonly #everyMs: number | undefined;
  #nextMs: number;

  constructor(
    shard: Shard,
    dest: Dest,
    message: unknown,
    wrapped: boolean,
    atMs: number,
    everyMs: number | undefined,
  ) {
    super();
    this.#shard = shard;
    this.#dest = dest;
    // As it is now, not as it would be when the time has come.
    if (shard.freezeMessages) deepFreeze(message);
    if (dest instanceof RemoteRef) expectCopyable(message);
    this.#message = wrapped ? ({ type: "timeout", ref: this, message } satisfies TimeoutMessage) : message;
    this.#nextMs = atMs;
    this.#everyMs = everyMs;
    const bound = dest instanceof Pid || everyMs !== undefined;
    const target = bound ? shard.find(dest) : undefined;
    if (target instanceof RemoteProcess) expectCopyable(message);
    this.#target = target;
    // To the dead: never started, so that cancelling it answers false.
    if (bound && target === undefined) return;
    // A timer to a process ends with it.
    if (target !== undefined) target.timers = withItem(target.timers, this);
    shard.timers.startAt(this, atMs);
  }

  fire(): void {
    if (this.#everyMs === undefined) {
      this.#leaveTarget();
    } else {
      // From when it was due, not from now: an interval does not drift, and makes up for a time in which nothing ran.
      this.#nextMs += this.#everyMs;
      this.#shard.timers.startAt(this, this.#nextMs);
    }
    try {
      if (this.#dest instanceof Monitor) sendToAlias(this.#dest, this.#message);
      else if (this.#dest instanceof RemoteRef) this.#dest.peer.sendAlias(this.#dest.id, this.#message);
      else this.#shard.find(this.#dest)?.deliver(undefined, this.#message);
    } catch (error) {
      // Who has the name now lives on another shard, and the message can't go there.
      this.#shard.logger.error({ error }, "The message of a timer could not be sent");
    }
  }

  /** Stops it; the milliseconds that were left, or false if it was over. */
  cancel(): number | false {
    const left = this.#shard.timers.left(this);
    this.#shard.timers.stop(this);
    this.#leaveTarget();
    return left;
  }

  #leaveTarget(): void {
    const target = this.#target;
    if (target !== undefined) target.timers = withoutItem(target.timers, this);
  }

  left(): number | false {
    return this.#shard.timers.left(this);
  }
}

/** `erlang:send_after`, or, with `wrapped`, `erlang:start_timer`. */
export function startMessageTimer(
  shard: Shard,
  ms: number,
  dest: Dest,
  message: unknown,
  wrapped: boolean,
  options: TimerOptions | undefined,
): Ref {
  expectDest(dest);
  if (options !== undefined) expectFlags("a timer", ["absolute"], options);
  if (options?.absolute === true) {
    if (!Number.isFinite(ms)) throw runtimeError("ROOKERY_BADARG", "a time in milliseconds", ms);
    return new MessageTimer(shard, dest, message, wrapped, ms, undefined);
  }
  expectDuration(ms);
  return new MessageTimer(shard, dest, message, wrapped, shard.clock.nowMs() + ms, undefined);
}

/** `timer:send_interval`. */
export function startInterval(shard: Shard, ms: number, dest: Dest, message: unknown): Ref {
  expectDest(dest);
  expectDuration(ms);
  if (ms < 1) throw runtimeError("ROOKERY_BADARG", "a time of at least 1 ms", ms);
  return new MessageTimer(shard, dest, message, false, shard.clock.nowMs() + ms, ms);
}

/** `erlang:cancel_timer`: the milliseconds left, or false for a timer that is over and any other reference. */
export function cancelTimer(ref: Ref): number | false {
  expectRef(ref);
  return ref instanceof MessageTimer ? ref.cancel() : false;
}

/** `erlang:cancel_timer/2`: what was left goes to `process` as a message, if it is asked for, and is answered otherwise. */
export function cancelTimerWith(
  process: Process,
  ref: Ref,
  options: CancelTimerOptions,
): number | false | undefined {
  expectFlags("cancelTimer", ["async", "info"], options);
  const leftMs = cancelTimer(ref);
  if (options.info === false) return undefined;
  if (options.async !== true) return leftMs;
  process.deliver(undefined, { type: "cancel_timer", ref, leftMs } satisfies CancelTimerMessage);
  return undefined;
}

/** `erlang:read_timer`. */
export function readTimer(ref: Ref): number | false {
  expectRef(ref);
  return ref instanceof MessageTimer ? ref.left() : false;
}

function expectRef(ref: unknown): asserts ref is Ref {
  if (!(ref instanceof Ref)) throw runtimeError("ROOKERY_BADARG", "the reference of a timer", ref);
}
