import { runtimeError } from "./errors.ts";
import { asMessage } from "./message-tag.ts";
import { Monitor } from "./monitor.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import type { Ref } from "./ref.ts";
import { Timer } from "./timer-wheel.ts";

/** What `receive` answers when its time is over. */
export const TIMEOUT: unique symbol = Symbol("rookery.timeout");

/** Whether a process takes this message now; those that it leaves stay in the mailbox, in their order. */
export type Match = (message: unknown) => boolean;

/** What messages about a reference have in common: those of monitors, timers, tasks and requests, and any `{ ref, .. }`. */
export interface RefMessage {
  readonly ref: Ref;
}

/** A receive that waits: its match, its promise, and the timer of its `after`. */
export interface Receiver {
  readonly match: Match | undefined;
  readonly resolve: (message: unknown) => void;
  timer: Timer | undefined;
  /** Its time is over, and the next turn ends it: there was none, or the process was suspended. */
  expired: boolean;
}

class ReceiveTimer extends Timer {
  readonly #process: Process;

  constructor(process: Process) {
    super();
    this.#process = process;
  }

  fire(): void {
    const process = this.#process;
    const receiver = process.receiver;
    if (receiver === undefined || receiver.timer !== this) return;
    if (process.suspensions > 0) receiver.expired = true;
    // A message that came before this moment, but has not been looked at yet, wins over the timeout.
    else if (!resumeReceiver(process)) endReceive(process, receiver, TIMEOUT);
  }
}

/**
 * Waits in `process` for the oldest message that matches, of those that stand at `from` in its mailbox or behind. Behaviours with
 * a mailbox protocol of their own (calls, casts) may receive in an asynchronous callback: what does not match stays for
 * them, in order.
 */
export function receive(
  process: Process,
  match: Match | undefined,
  timeoutMs: number,
  from = 0,
): Promise<unknown> {
  if (process.state === ProcessState.Exited) return new Promise(() => {});
  if (process.receiver !== undefined) throw runtimeError("ROOKERY_RECEIVING", process.pid);
  process.mailbox.saved = from;
  const scheduler = process.shard.scheduler;
  // Answering at once is only a short cut: a body that always finds a message must not keep the thread for ever.
  if (scheduler.mayContinue() && process.suspensions === 0) {
    const index = find(process, match);
    if (index >= 0) return Promise.resolve(takeAt(process, index));
    if (timeoutMs === 0) return Promise.resolve(TIMEOUT);
  }
  return new Promise((resolve) => {
    const receiver: Receiver = { match, resolve, timer: undefined, expired: timeoutMs === 0 };
    process.receiver = receiver;
    if (process.state === ProcessState.Blocked) process.state = ProcessState.Waiting;
    const hasTurn = receiver.expired || process.mailbox.length > process.mailbox.saved;
    if (hasTurn && !process.queued) scheduler.schedule(process);
    if (!receiver.expired && Number.isFinite(timeoutMs)) {
      receiver.timer = new ReceiveTimer(process);
      process.shard.timers.start(receiver.timer, timeoutMs);
    }
  });
}

/** Waits in `process` for the oldest message that carries `ref`. */
export function receiveRef(process: Process, ref: Ref, timeoutMs: number): Promise<unknown> {
  // Nothing that was in the mailbox before can carry a reference that did not exist yet.
  const own = ref instanceof Monitor && ref.watcher === process;
  const from = own ? process.mailbox.indexOf(ref.mark) : 0;
  const carries = (message: unknown): boolean => (message as RefMessage | null | undefined)?.ref === ref;
  return receive(process, carries, timeoutMs, from);
}

/** Gives the waiting receive its message, if the mailbox has one; the code behind it goes on when the turn is over. */
export function resumeReceiver(process: Process): boolean {
  const receiver = process.receiver!;
  const index = find(process, receiver.match);
  if (index < 0 && !receiver.expired) return false;
  endReceive(process, receiver, index < 0 ? TIMEOUT : takeAt(process, index));
  return true;
}

function endReceive(process: Process, receiver: Receiver, answer: unknown): void {
  if (receiver.timer !== undefined) process.shard.timers.stop(receiver.timer);
  process.receiver = undefined;
  process.state = ProcessState.Blocked;
  receiver.resolve(answer);
  process.shard.scheduler.resumed();
}

function find({ mailbox }: Process, match: Match | undefined): number {
  if (match === undefined) return mailbox.saved < mailbox.length ? mailbox.saved : -1;
  const index = mailbox.findFrom(mailbox.saved, match, asMessage);
  if (index < 0) mailbox.saved = mailbox.length;
  return index;
}

function takeAt(process: Process, index: number): unknown {
  const message = readAt(process, index);
  process.mailbox.removeAt(index);
  process.mailbox.saved = 0;
  return message;
}

function readAt(process: Process, index: number): unknown {
  return asMessage(process.mailbox.tagAt(index), process.mailbox.messageAt(index));
}
