import { reportCrash } from "./crash-report.ts";
import { reasonOfThrown } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import { reportLongTurn } from "./long-turn.ts";
import { type PendingExit, Priority, type Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import { resumeReceiver } from "./receive.ts";
import { Pulse } from "./pulse.ts";
import type { RunQueue } from "./run-queue.ts";
import type { SliceDriver } from "./slice-driver.ts";
import { exitStalled } from "./stalled.ts";

// Own constants: see ProcessState.
const { High: HIGH, Normal: NORMAL } = Priority;
const { Exited: EXITED, Blocked: BLOCKED, Running: RUNNING, Waiting: WAITING } = ProcessState;
/** After so many milliseconds a slice ends, and timers and I/O have their turn. */
const SLICE_MS = 1;
/** A turn ends after so long, or so many messages. */
const TURN_MS = 0.5;
const TURN_MESSAGES_MAX = 4_096;
/** The clock is looked at after so many messages, at most; after fewer where they take long. */
const MESSAGES_PER_LOOK_MAX = 64;
/** For so many turns of normal processes, one of a low process. */
const NORMAL_TURNS_PER_LOW = 8;

/** What connects a shard with others: called between turns, and before the thread sleeps. */
export interface Exchange {
  /** Hands over what was sent, and carries out what has come; true if anything has. */
  exchange(): boolean;
  /** Hands over what was sent. */
  flush(): void;
  /** As `exchange`, with nothing else to do: may look for a moment longer. */
  idle(): boolean;
  /** The shard has nothing to do until it is woken; false if something has come in the very moment. */
  rest(): boolean;
}

/**
 * Runs the processes of one shard, a turn each, in slices between which Node does its I/O. A process with a million
 * messages gets one turn for each turn of the others.
 */
export class Scheduler {
  readonly #driver: SliceDriver;
  readonly #high: RunQueue;
  readonly #normal: RunQueue;
  readonly #low: RunQueue;
  #armed = false;
  #inSlice = false;
  #anyResumed = false;
  #normalTurns = 0;
  #messagesPerLook = 1;
  #messagesSinceLook = 0;
  #lookedMs = 0;
  #turnStartedMs = 0;
  /** After so many messages of this turn the clock is looked at. */
  #nextLook = 0;
  /** Its turn was terminated, and its death is under way. */
  #stalled: Process | undefined = undefined;
  /** The process whose turn it is. */
  current: Process | undefined = undefined;
  /** What that process has sent in this turn. */
  sends = 0;
  /** What all its processes have taken so far. */
  reductions = 0;
  /** What the watchdog sees of this shard. */
  readonly pulse: Pulse = new Pulse();
  exchange: Exchange | undefined = undefined;
  #toHandOver = false;

  constructor(driver: SliceDriver) {
    this.#driver = driver;
    this.#high = driver.newRunQueue();
    this.#normal = driver.newRunQueue();
    this.#low = driver.newRunQueue();
    driver.onSlice(this.#slice);
  }

  /** Puts a process in the run queue; it must not stand there already. */
  schedule(process: Process): void {
    this.#queueOf(process.priority).push(process);
    // Not before: a turn that is terminated in between must not leave a process behind that counts as queued and is not.
    process.queued = true;
    if (!this.#armed && !this.#inSlice) this.#arm();
  }

  /** Something is to be handed over. Asks for a slice, if there will be none by itself. */
  want(): void {
    this.#toHandOver = true;
    if (!this.#armed && !this.#inSlice) this.#arm();
  }

  /** Runs a slice at once: called from a message of a port, as slices are. */
  wake(): void {
    if (!this.#inSlice) this.#slice();
  }

  /** Lets the running process take no further message in this turn. */
  endTurn(): void {
    this.sends = TURN_MESSAGES_MAX;
    this.#nextLook = 0;
  }

  get runnable(): number {
    return this.#high.length + this.#normal.length + this.#low.length;
  }

  /** Told when asynchronous code of a process goes on once the microtasks run. */
  resumed(): void {
    this.#anyResumed = true;
  }

  /** Whether a receive may be answered at once. A body that always finds a message shall not keep the thread for ever. */
  mayContinue(): boolean {
    this.sends += 1;
    return this.mayTake(0);
  }

  /**
   * Whether a process that has taken so many messages in its turn may take another. What it has sent counts, too: a sender must
   * not outrun those who receive.
   */
  mayTake(taken: number): boolean {
    const done = taken + this.sends;
    if (done < this.#nextLook) return true;
    if (done >= TURN_MESSAGES_MAX || this.#look() - this.#turnStartedMs >= TURN_MS) return false;
    this.#nextLook = done + this.#messagesPerLook;
    return true;
  }

  /**
   * To be called from a callback of the host, now and then. A slice that was terminated ran no `finally`: the next one makes
   * that good. The process whose turn it was ends, the others go on. What was terminated too late may even have been the message
   * that asks for a slice, so another one is always asked for.
   */
  recover(): void {
    this.#arm();
  }

  close(): void {
    this.#driver.close();
  }

  #arm(): void {
    this.#armed = true;
    this.#driver.request();
  }

  #queueOf(priority: Priority): RunQueue {
    if (priority === NORMAL) return this.#normal;
    return priority === HIGH ? this.#high : this.#low;
  }

  #next(): Process | undefined {
    if (this.#high.length > 0) return this.#high.shift();
    if (this.#low.length > 0) {
      if (this.#normal.length === 0 || this.#normalTurns >= NORMAL_TURNS_PER_LOW) {
        this.#normalTurns = 0;
        return this.#low.shift();
      }
      // Turns before it came don't count: it comes behind what is runnable then.
      this.#normalTurns += 1;
    }
    return this.#normal.shift();
  }

  #slice = (): void => {
    this.#armed = false;
    const stalled = this.#inSlice ? this.current : undefined;
    this.#inSlice = true;
    const startedMs = this.#driver.nowMs();
    this.#lookedMs = startedMs;
    this.#messagesSinceLook = 0;
    try {
      if (stalled !== undefined) this.#endStalled(stalled);
      for (;;) {
        const process = this.#next();
        if (process !== undefined) {
          this.#messagesSinceLook += this.#turn(process);
          if (this.#messagesSinceLook < this.#messagesPerLook) continue;
        } else if (this.#anyResumed) {
          if (!this.#goOn()) break;
          if (this.#messagesSinceLook < this.#messagesPerLook) continue;
        } else if (this.exchange?.idle() !== true) {
          break;
        }
        if (this.#look() - startedMs >= SLICE_MS) break;
        this.exchange?.exchange();
        if (this.#anyResumed && !this.#goOn()) break;
      }
    } catch (thrown) {
      // Users' code is called where what it throws is caught. What else a value of theirs can make throw (a getter, a proxy) ends
      // the process in whose turn it happened, and no other.
      const process = this.current;
      if (process === undefined || process.state === EXITED) throw thrown;
      this.current = undefined;
      const reason = reasonOfThrown(thrown);
      reportCrash(process, reason, undefined);
      exitProcess(process, reason);
    } finally {
      // Also when something threw into the slice that is none of a process's business (an uncaught error in a microtask).
      this.current = undefined;
      this.#inSlice = false;
      if (this.runnable > 0 || this.exchange?.rest() === false) this.#arm();
    }
  };

  /**
   * Lets asynchronous bodies do what they do next: that belongs to this slice, so a call and its answer need no way through the
   * host. False if only the host can.
   */
  #goOn(): boolean {
    this.#anyResumed = false;
    this.#beginTurn();
    if (!this.#driver.drainMicrotasks()) return false;
    // Another shard can work on what was sent to it while this one goes on.
    if (this.#toHandOver) {
      this.#toHandOver = false;
      this.exchange?.flush();
    }
    return true;
  }

  /** Looks at the clock, and learns from it how soon to look again. */
  #look(): number {
    const nowMs = this.#driver.nowMs();
    const tookMs = nowMs - this.#lookedMs;
    if (tookMs > TURN_MS / 4) this.#messagesPerLook = Math.max(1, this.#messagesPerLook >> 2);
    else if (tookMs < TURN_MS / 16 && this.#messagesPerLook < MESSAGES_PER_LOOK_MAX)
      this.#messagesPerLook <<= 1;
    this.#lookedMs = nowMs;
    this.#messagesSinceLook = 0;
    return nowMs;
  }

  #turn(process: Process): number {
    process.queued = false;
    if (process.state === EXITED) return 1;
    this.current = process;
    const startedMs = this.#lookedMs;
    this.pulse.begin();
    const taken = this.#run(process);
    this.current = undefined;
    if (this.pulse.end()) this.#overdue(process, startedMs);
    return taken;
  }

  /** What asynchronous bodies do before the next turn counts as one. */
  #beginTurn(): void {
    this.sends = 0;
    this.#turnStartedMs = this.#lookedMs;
    this.#nextLook = this.#messagesPerLook;
  }

  /** The turn was long. It may be about to be terminated, and is not over before that is decided. */
  #overdue(process: Process, startedMs: number): void {
    this.current = process;
    this.pulse.standStill();
    this.current = undefined;
    reportLongTurn(process, this.#look() - startedMs);
  }

  /** Its death is a turn, too: hooks may stall. */
  #endStalled(process: Process): void {
    const first = this.#stalled !== process;
    this.#stalled = process;
    this.current = process;
    const startedMs = this.#lookedMs;
    this.pulse.begin();
    exitStalled(process, first);
    this.current = undefined;
    this.#stalled = undefined;
    if (this.pulse.end()) this.#overdue(process, startedMs);
  }

  #run(process: Process): number {
    if (process.pendingExit !== undefined) {
      exitProcess(process, process.pendingExit.reason);
      return 1;
    }
    if (process.suspensions > 0) return 1;
    if (process.receiver !== undefined) {
      resumeReceiver(process);
      return 1;
    }
    if (process.state === BLOCKED && process.outcome === undefined) return 1;
    process.state = RUNNING;
    this.#beginTurn();
    const taken = process.behaviour.turn(process, TURN_MESSAGES_MAX);
    process.mailbox.sweep();
    process.reductions += taken;
    this.reductions += taken;
    const { pendingExit } = process as { readonly pendingExit: PendingExit | undefined };
    if (pendingExit !== undefined) {
      exitProcess(process, pendingExit.reason);
    } else if ((process.state as ProcessState) === RUNNING) {
      process.state = WAITING;
      if ((process.mailbox.length > 0 || process.outcome !== undefined) && !process.queued)
        this.schedule(process);
    }
    return taken === 0 ? 1 : taken;
  }
}
