import { spawn } from "node:child_process";
import { write } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { systemClock } from "./clock.ts";
import { Pulse } from "./pulse.ts";
import { terminateExecution } from "./terminate-execution.ts";
import type { Heart, WatchdogData, WatchdogOrder, WatchdogReport, Watched } from "./watchdog.ts";

/** So often is looked while the shortest time that matters passes. */
const LOOKS = 4;
/** A turn that was terminated may go on for so many times `stallMs`, for native code is not cut in two. */
const SURVIVAL_STALLS = 10;
/** The program that ends waits no longer for its last words: who reads them no more may be what all of it waits for. */
const LAST_WORDS_MS = 1_000;
/** So often is each event loop asked whether it goes round, while `stallMs` pass: each question wakes its thread. */
const QUESTIONS = 8;
/** Code that must not be cut in two is short. What is that long has called something that stalls. */
const SHUT_MS_MAX = 100;

const { stallMs, longScheduleMs } = workerData as WatchdogData;
const periodMs = Math.max(1, Math.min(stallMs, longScheduleMs) / LOOKS);
const questionMs = stallMs / QUESTIONS;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.setTimer(ms, resolve));
}

/**
 * Not through `process.stderr`, which the first thread would have to write for this one, nor in a way that may hold this one, too.
 * `command` begins when the pipe to it closes, as all that this process holds does when it has ended.
 */
function endProgram(lastWords: string, command: string | undefined): void {
  const end = (): void => {
    try {
      if (command !== undefined) spawn("/bin/sh", ["-c", `read -r _; ${command}`], { stdio: ["pipe", 1, 2] });
    } finally {
      // Also where there may be no child, or no memory for one.
      process.kill(process.pid, "SIGKILL");
      trap();
    }
  };
  write(2, `${lastWords}\n`, end);
  systemClock.setTimer(LAST_WORDS_MS, end);
}

/**
 * Reached only by the first process of a container without an init: Linux keeps all signals from it that come from inside, SIGKILL, too. Not a fault
 * of its own, though, and a breakpoint is one that any thread of Node can make.
 */
function trap(): void {
  setFlagsFromString("--allow-natives-syntax");
  runInThisContext("%SystemBreak()");
}

/** Watches one shard. */
class Watch {
  readonly #threadId: number;
  readonly #pulse: Pulse;
  readonly #port: MessagePort;
  readonly #heart: Heart | undefined;
  readonly #gone = Promise.withResolvers<void>();
  #ended = false;
  #turn = 0;
  #ranMs = 0;
  #terminated = 0;
  #asked = 0;
  #askedMs = 0;
  #unansweredMs = 0;
  #survivedMs = 0;
  #isLast = false;

  constructor({ threadId, memory, port, heart }: Watched) {
    this.#threadId = threadId;
    this.#pulse = new Pulse(memory);
    this.#port = port;
    this.#heart = heart;
    this.#asked = this.#pulse.beats;
  }

  end(): void {
    this.#ended = true;
    this.#port.close();
    this.#gone.resolve();
  }

  async run(): Promise<void> {
    let lookedMs = systemClock.nowMs();
    while (!this.#ended) {
      await sleep(periodMs);
      const nowMs = systemClock.nowMs();
      // Where all threads stood still together, as in a process that was suspended, no turn has run for that long.
      await this.#look(Math.min(nowMs - lookedMs, 2 * periodMs));
      lookedMs = nowMs;
    }
  }

  async #look(passedMs: number): Promise<void> {
    // What was terminated counts as running until the shard has made that good, and must not be terminated once more.
    const survives = this.#pulse.turn !== 0 && this.#pulse.turn === this.#terminated;
    const turn = survives ? 0 : this.#pulse.turn;
    if (turn !== this.#turn || turn === 0) this.#ranMs = 0;
    else this.#ranMs += passedMs;
    this.#turn = turn;
    if (this.#ranMs >= stallMs) await this.#terminate(turn);
    else if (this.#ranMs >= longScheduleMs) this.#pulse.mark(turn);
    if (survives) this.#survived(passedMs);
    else this.#listen(passedMs);
  }

  /** A turn that goes on although it was terminated: native code ends when it is done, or can't be ended alone. */
  #survived(passedMs: number): void {
    const reported = this.#survivedMs >= SURVIVAL_STALLS * stallMs;
    this.#survivedMs += passedMs;
    if (!reported && this.#survivedMs >= SURVIVAL_STALLS * stallMs)
      parentPort!.postMessage({ blocked: this.#threadId } satisfies WatchdogReport);
    this.#endIfStill(this.#survivedMs, "a handler that goes on although it was terminated");
  }

  async #terminate(turn: number): Promise<void> {
    const pulse = this.#pulse;
    pulse.condemn(turn);
    for (let waitedMs = 0; waitedMs === 0 || (pulse.isShut && waitedMs < SHUT_MS_MAX); waitedMs += 1)
      await sleep(1);
    if (pulse.turn === turn) {
      this.#terminated = turn;
      this.#survivedMs = 0;
      // Until it is done, the turn can't come to an end by itself: what would be terminated then is another.
      const done = terminateExecution(this.#threadId).finally(() => pulse.pardon());
      // Native code may not let it through for long, or ever.
      await Promise.race([done, this.#gone.promise, sleep(stallMs)]);
    } else {
      pulse.pardon();
    }
    this.#ranMs = 0;
    // Also where a question is still unanswered: the answer to this one comes after the end of the slice, for certain.
    this.#ask();
  }

  /** Whether the event loop of the shard goes round while no turn runs and no module is loaded. */
  #listen(passedMs: number): void {
    this.#askedMs += passedMs;
    if (this.#pulse.beats === this.#asked) {
      this.#unansweredMs = 0;
      if (this.#askedMs >= questionMs) this.#ask();
      return;
    }
    if (this.#turn !== 0 || this.#pulse.isLoading) {
      this.#unansweredMs = 0;
      return;
    }
    const reported = this.#unansweredMs >= stallMs;
    this.#unansweredMs += passedMs;
    if (!reported && this.#unansweredMs >= stallMs)
      parentPort!.postMessage({ blocked: this.#threadId } satisfies WatchdogReport);
    this.#endIfStill(this.#unansweredMs, "code that is no handler, such as what follows an await,");
  }

  /** All others end with this shard, so it has the longer of both times, whatever it is that holds it. */
  #endIfStill(stillMs: number, culprit: string): void {
    const limitMs = SURVIVAL_STALLS * stallMs;
    if (this.#heart === undefined || stillMs < limitMs || this.#pulse.isDebugged || this.#isLast) return;
    this.#isLast = true;
    const { node, command } = this.#heart;
    endProgram(
      `Heart: ${culprit} has held the first shard of ${node} for ${limitMs} ms; process ${process.pid} ends by SIGKILL, to be started again`,
      command,
    );
  }

  #ask(): void {
    if (this.#ended) return;
    this.#asked = (this.#asked + 1) | 0;
    this.#askedMs = 0;
    this.#port.postMessage(0);
  }
}

const watches = new Map<number, Watch>();

parentPort!.on("message", (order: WatchdogOrder) => {
  if ("watch" in order) {
    const watch = new Watch(order.watch);
    watches.set(order.watch.threadId, watch);
    void watch.run();
  } else {
    watches.get(order.forget)?.end();
    watches.delete(order.forget);
  }
});
parentPort!.postMessage("started" satisfies WatchdogReport);
