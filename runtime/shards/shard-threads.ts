import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { Piscina } from "piscina";
import type { Clock, HostTimer } from "../clock.ts";
import { runtimeError } from "../errors.ts";
import { heapLimits } from "../heap-limit.ts";
import { JumpingClock } from "../jumping-clock.ts";
import type { Runtime } from "../runtime.ts";
import { isLogged, type LogLevel } from "../logger.ts";
import type { Shard } from "../shard.ts";
import type { Watchdog } from "../watchdog.ts";
import { Bell, BELL_BYTES } from "./bell.ts";
import { FairLocks } from "./fair-locks.ts";
import { Interconnect } from "./interconnect.ts";
import { unpackFields } from "./log-fields.ts";
import { NameTable } from "./name-table.ts";
import { placeOf, type ShardNotice, type ShardOrder, type ShardSetup, SHARDS_MAX } from "./shard-setup.ts";
import { sequentialScavenges } from "./sequential-scavenges.ts";
import { SPINS } from "./spins.ts";
import { type LineEnd, ThreadLine } from "./thread-line.ts";

const RING_BYTES = 1_048_576;
const RING_HEAD_BYTES = 128;
/** A shard that has died is started again at once; one that dies again and again, after twice as long each time, up to this. */
const RESTART_MS_MAX = 5_000;
/** A shard that has lived so long has not died of its start. */
const STEADY_MS = 10_000;
/** So long a shard may take to stop by itself. */
const STOP_MS = 5_000;
const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export interface ShardLimits {
  /** The heap of each shard but the first, in MB: one that needs more dies alone. Default: that of Node. */
  readonly maxHeapMb?: number;
}

/** A shard on a thread of its own, while it lives. */
interface Running {
  /** Those who are not connected with it yet. */
  readonly missing: Set<number>;
  readonly ready: () => void;
  readonly number: number;
  readonly bell: SharedArrayBuffer;
  readonly control: MessagePort;
  readonly startedMs: number;
  /** Ends its thread, whatever it is doing. */
  readonly abort: AbortController;
  threadId: number;
}

/**
 * The shards of a runtime besides the first: each a task on a thread of Piscina's that ends at shutdown. One that dies is
 * connected with nobody any more, and another takes its place.
 */
export class ShardThreads {
  readonly #first: Shard;
  readonly #interconnect: Interconnect;
  readonly #bell = new Bell();
  readonly #names: NameTable;
  readonly #pool: Piscina;
  readonly #running = new Map<number, Running>();
  /** What ends each shard that has not said yet that it is there. */
  readonly #starting = new Set<(error: unknown) => void>();
  readonly #ended = new Set<Promise<void>>();
  readonly #restarts = new Set<HostTimer>();
  readonly #clock: Clock;
  readonly #runtime: Runtime;
  readonly #watchdog: Watchdog | undefined;
  #stopping = false;

  private constructor(runtime: Runtime, pool: Piscina, watchdog: Watchdog | undefined) {
    const first = runtime.shard;
    this.#runtime = runtime;
    this.#first = first;
    this.#pool = pool;
    this.#clock = first.clock;
    this.#watchdog = watchdog;
    this.#names = new NameTable(NameTable.memory(), 0);
    this.#interconnect = new Interconnect(first, this.#bell, SPINS, new FairLocks(first.number));
    this.#interconnect.shareNames(this.#names);
    first.interconnect = this.#interconnect;
    first.scheduler.exchange = this.#interconnect;
  }

  /** Starts the shards 1 to `count` - 1. Resolves when all of them are connected; rejects if one does not start. */
  static async start(
    runtime: Runtime,
    count: number,
    limits: ShardLimits,
    watchdog: Watchdog | undefined,
  ): Promise<ShardThreads> {
    // Only here: who needs no other shards loads no thread pool.
    const { Piscina } = await import("piscina");
    const here = import.meta.url;
    const pool = new Piscina({
      // The compiler rewrites the suffix of an import, not that of a URL.
      filename: new URL(`./shard-thread${here.slice(here.lastIndexOf("."))}`, here).href,
      minThreads: 0,
      maxThreads: count - 1,
      concurrentTasksPerWorker: 1,
      atomics: "disabled",
      ...(limits.maxHeapMb !== undefined && { resourceLimits: heapLimits(limits.maxHeapMb) }),
    });
    const threads = new ShardThreads(runtime, pool, watchdog);
    // The thread of a shard that has ended, or was ended, may still fail. Unheard, that would be the end of all.
    pool.on("error", (err: unknown) => {
      if (!threads.#threadFailed(err))
        runtime.logger.error({ err }, "The thread of a shard that had ended has failed");
    });
    try {
      await Promise.all(Array.from({ length: count - 1 }, (_, index) => threads.#start(index + 1)));
    } catch (error) {
      await threads.stop();
      throw error;
    }
    sequentialScavenges(count);
    return threads;
  }

  /** Code that is no process's turn holds a thread: it can't be ended alone, so its shard is. */
  blocked(threadId: number): void {
    const found = [...this.#running.values()].find((running) => running.threadId === threadId);
    found?.abort.abort(runtimeError("ROOKERY_SHARD_STALLED", found.number));
  }

  /**
   * Whether a thread has failed before it was told what it is for, so that there are fewer than shards. It does not say whose it was to
   * be: all that are being started are ended.
   */
  #threadFailed(error: unknown): boolean {
    if (this.#pool.threads.length >= this.#starting.size + this.#running.size) return false;
    for (const fail of this.#starting) fail(error);
    return true;
  }

  /** Ends the shard at that place, as if its thread had died by itself. */
  crash(place: number): void {
    const found = [...this.#running.values()].find(({ number }) => placeOf(number) === place);
    found?.abort.abort(new Error("its thread was ended on purpose"));
  }

  /** Ends every shard and waits until its thread is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#interconnect.close();
    for (const timer of this.#restarts) timer.cancel();
    for (const { control } of this.#running.values())
      control.postMessage({ type: "stop" } satisfies ShardOrder);
    const overdue = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(STOP_MS, overdue.resolve);
    await Promise.race([Promise.all(this.#ended), overdue.promise]);
    timer.cancel();
    await this.#pool.destroy();
    for (const number of this.#running.keys()) this.#interconnect.lost(number);
  }

  /** Starts the shard `number`; resolves when it is connected with all others. */
  #start(number: number): Promise<void> {
    const bell = new SharedArrayBuffer(BELL_BYTES);
    const { port1: control, port2 } = new MessageChannel();
    const setup: ShardSetup = {
      number,
      bell,
      names: this.#names.memory,
      freezeMessages: this.#first.freezeMessages,
      logLevels: LOG_LEVELS.filter((level) => isLogged(this.#first.logger, level)),
      node: this.#runtime.node,
      cores: this.#runtime.cores,
      cpu: this.#runtime.cpu,
      guarded: this.#watchdog !== undefined,
      jumps: this.#clock instanceof JumpingClock ? this.#clock.jumps : undefined,
      control: port2,
    };
    const ready = Promise.withResolvers<void>();
    const startedMs = this.#clock.nowMs();
    const abort = new AbortController();
    const running: Running = {
      number,
      bell,
      control,
      startedMs,
      missing: new Set(),
      ready: ready.resolve,
      abort,
      threadId: 0,
    };
    const fail = (error: unknown): void => {
      ready.reject(error);
      abort.abort(error);
    };
    this.#starting.add(fail);
    const task = this.#pool.run(setup, { transferList: [port2], signal: abort.signal }) as Promise<void>;
    const ended = task.then(
      () => this.#died(running, undefined),
      (error: unknown) => {
        ready.reject(error);
        this.#died(running, error);
      },
    );
    this.#ended.add(ended);
    void ended.finally(() => {
      this.#ended.delete(ended);
      this.#starting.delete(fail);
    });
    control.on("message", (notice: ShardNotice) => {
      if (notice.type === "log")
        this.#first.logger[notice.level](unpackFields(notice.fields), notice.message);
      else if (notice.type === "ready") {
        this.#starting.delete(fail);
        running.threadId = notice.watched.threadId;
        this.#watchdog?.watch(notice.watched);
        this.#connect(running);
      } else if (notice.type === "lock") void this.#handOutLock(control, notice.name);
      else this.#connected(number, notice.number);
    });
    return ready.promise;
  }

  async #handOutLock(control: MessagePort, name: string): Promise<void> {
    send(control, { type: "lock", name, memory: await this.#interconnect.locks.memoryOf(name) });
  }

  #connect(running: Running): void {
    // It was being started when the others were told.
    if (this.#stopping) return send(running.control, { type: "stop" });
    for (const other of this.#running.values()) {
      running.missing.add(other.number);
      const [end, otherEnd] = lineBetween(running.bell, other.bell);
      send(running.control, { type: "connect", number: other.number, end });
      send(other.control, { type: "connect", number: running.number, end: otherEnd });
    }
    const [end, ownEnd] = lineBetween(running.bell, this.#bell.memory);
    send(running.control, { type: "connect", number: this.#first.number, end });
    this.#interconnect.connect(running.number, new ThreadLine(ownEnd, () => this.#first.scheduler.wake()));
    running.missing.add(running.number);
    this.#running.set(running.number, running);
  }

  /** The shard `by` is connected with `number`. A new shard is open for all once everybody else is, and it with the first. */
  #connected(by: number, number: number): void {
    if (number === this.#first.number) this.#running.get(by)?.missing.delete(by);
    else this.#running.get(number)?.missing.delete(by);
    this.#openReady();
  }

  #openReady(): void {
    for (const running of this.#running.values()) {
      if (running.missing.size > 0 || this.#interconnect.openShards.includes(running.number)) continue;
      this.#interconnect.open(running.number);
      for (const other of this.#running.values()) {
        if (other === running) send(other.control, { type: "open", number: this.#first.number });
        else {
          send(other.control, { type: "open", number: running.number });
          if (this.#interconnect.openShards.includes(other.number))
            send(running.control, { type: "open", number: other.number });
        }
      }
      running.ready();
    }
  }

  #died(dead: Running, error: unknown): void {
    if (dead.threadId !== 0) this.#watchdog?.forget(dead.threadId);
    const known = this.#running.delete(dead.number);
    dead.control.close();
    this.#interconnect.locks.abandon(dead.number);
    if (known) {
      this.#names.purge(dead.number);
      this.#interconnect.lost(dead.number);
      for (const { control, missing } of this.#running.values()) {
        send(control, { type: "lost", number: dead.number });
        missing.delete(dead.number);
      }
      this.#openReady();
    }
    if (this.#stopping) return;
    const livedMs = this.#clock.nowMs() - dead.startedMs;
    const waitMs = livedMs >= STEADY_MS ? 0 : Math.min(RESTART_MS_MAX, this.#backoff(dead.number));
    this.#first.logger.error(
      { shard: dead.number, err: error },
      `Shard ${dead.number} has died and is started again as shard ${dead.number + SHARDS_MAX}`,
    );
    const timer = this.#clock.setTimer(waitMs, () => {
      this.#restarts.delete(timer);
      this.#start(dead.number + SHARDS_MAX).catch(() => {});
    });
    this.#restarts.add(timer);
  }

  /** The first restart comes at once. */
  #backoff(number: number): number {
    const starts = Math.floor(number / SHARDS_MAX);
    return starts === 0 ? 0 : 2 ** Math.min(starts, 13);
  }
}

function send(control: MessagePort, order: ShardOrder): void {
  control.postMessage(order, order.type === "connect" ? [order.end.wakePort, order.end.binaryPort] : []);
}

/** Both ends of a new line: the first for the shard of `bell`, the second for that of `otherBell`. */
function lineBetween(bell: SharedArrayBuffer, otherBell: SharedArrayBuffer): [LineEnd, LineEnd] {
  const one = new SharedArrayBuffer(RING_HEAD_BYTES + RING_BYTES);
  const other = new SharedArrayBuffer(RING_HEAD_BYTES + RING_BYTES);
  const wake = new MessageChannel();
  const binary = new MessageChannel();
  return [
    { outgoing: one, incoming: other, bell: otherBell, wakePort: wake.port1, binaryPort: binary.port1 },
    { outgoing: other, incoming: one, bell, wakePort: wake.port2, binaryPort: binary.port2 },
  ];
}
