import { once } from "node:events";
import { url } from "node:inspector";
import { MessageChannel, type MessagePort, threadId, Worker } from "node:worker_threads";
import type { Logger } from "./logger.ts";
import type { Scheduler } from "./scheduler.ts";

export interface WatchdogOptions {
  /** A turn that has run for so long is terminated. */
  readonly stallMs: number;
  /** A turn that has run for so long is warned of; Infinity for none. */
  readonly longScheduleMs: number;
  readonly logger: Logger;
  /** A thread goes on with something that is no process's turn, and does nothing else meanwhile. Told once each time. */
  readonly onBlocked: (threadId: number) => void;
}

/** What the watchdog's thread starts with. */
export interface WatchdogData {
  readonly stallMs: number;
  readonly longScheduleMs: number;
}

/** A shard as the watchdog knows it. Any thread may make one of its own, by `attend`, and send it on. */
export interface Watched {
  readonly threadId: number;
  /** Of its `Pulse`. */
  readonly memory: SharedArrayBuffer;
  /** Its event loop answers what comes here, and there goes on with a slice that was terminated. To be transferred. */
  readonly port: MessagePort;
  /** With this shard, when it moves no more, the whole program ends. */
  readonly heart?: Heart;
}

export interface Heart {
  readonly node: string;
  /** What `sh` runs once the program has ended. */
  readonly command?: string;
}

/** What the watchdog's thread is told: to watch a shard, or that a thread is gone. */
export type WatchdogOrder = { readonly watch: Watched } | { readonly forget: number };

/** What it tells: that it watches, and that a thread is blocked outside of any turn. */
export type WatchdogReport = "started" | { readonly blocked: number };

/**
 * A thread that ends handlers which never return: it watches the turns of the shards from outside, and terminates the JavaScript of a
 * turn that does not end. The process whose turn it was exits with `"stalled"`; the others on its shard notice nothing.
 * It does not keep Node running.
 */
export class Watchdog {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves when it watches what it is told to. */
  static async start({ stallMs, longScheduleMs, logger, onBlocked }: WatchdogOptions): Promise<Watchdog> {
    const here = import.meta.url;
    // The compiler rewrites the suffix of an import, not that of a URL.
    const thread = new URL(`./watchdog-thread${here.slice(here.lastIndexOf("."))}`, here);
    const worker = new Worker(thread, {
      name: "rookery watchdog",
      workerData: { stallMs, longScheduleMs } satisfies WatchdogData,
    });
    // Before it has started, its failure is that of the start.
    await once(worker, "message");
    worker.on("message", (later: WatchdogReport) => {
      if (later !== "started") onBlocked(later.blocked);
    });
    worker.on("error", (error) =>
      logger.error({ error }, "The watchdog failed: nothing ends a handler that stalls"),
    );
    worker.unref();
    return new Watchdog(worker);
  }

  watch(watched: Watched): void {
    this.#order({ watch: watched }, [watched.port]);
  }

  /** The thread has ended. */
  forget(id: number): void {
    this.#order({ forget: id }, []);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #order(order: WatchdogOrder, transfer: readonly MessagePort[]): void {
    this.#worker.postMessage(order, transfer);
  }
}

/** Whether Node lets a debugger in: a handler that stands at a breakpoint has not stalled. */
export function isDebugged(): boolean {
  return url() !== undefined;
}

/** Makes the shard of `scheduler`, which runs on this thread, one that can be watched. `close` when the shard ends. */
export function attend(scheduler: Scheduler): { readonly watched: Watched; readonly close: () => void } {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", () => {
    // Only this thread can tell, and it may stand at a breakpoint later: Node can be told at any time to let a debugger in.
    scheduler.pulse.debugged(isDebugged());
    scheduler.pulse.beat();
    scheduler.recover();
  });
  port1.unref();
  const watched = { threadId, memory: scheduler.pulse.memory, port: port2 };
  return { watched, close: () => port1.close() };
}
