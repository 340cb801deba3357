import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Self } from "../../runtime/index.ts";
import type { Census } from "./census.ts";
import type { Watches } from "./watches.ts";

const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** How a shard is doing at this moment. */
export interface Vitals {
  /** The place of the shard. */
  readonly place: number;
  readonly atMs: number;
  readonly processes: number;
  readonly runQueue: number;
  /** What its processes have taken since it started. */
  readonly reductions: number;
  /** By how much its event loop was late since this was asked the last time. */
  readonly delayP50Ms: number;
  readonly delayMaxMs: number;
  /** The heap of its thread, in bytes. */
  readonly heapUsed: number;
  /** Of the whole process of the operating system. */
  readonly rss: number;
  readonly sockets: number;
  readonly channels: number;
}

/** Reads them. The delay of the event loop is measured only as long as somebody asks. */
export function vitalsOf(self: Self, watches: Watches, { sockets, channels }: Census): Vitals {
  const { runtime } = self;
  const { shard } = runtime;
  const { heapUsed, rss } = process.memoryUsage();
  const delay = watches.ask("event loop", measureDelay);
  const delayP50Ms = lateMs(delay.percentile(50));
  const delayMaxMs = lateMs(delay.max);
  delay.reset();
  return {
    place: runtime.place,
    atMs: runtime.clock.nowMs(),
    processes: shard.processCount,
    // This process runs, and it would not if nobody looked.
    runQueue: shard.scheduler.runnable,
    reductions: shard.scheduler.reductions,
    delayP50Ms,
    delayMaxMs,
    heapUsed,
    rss,
    sockets,
    channels,
  };
}

function measureDelay(): readonly [ReturnType<typeof monitorEventLoopDelay>, () => void] {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return [histogram, () => void histogram.disable()];
}

/** The histogram counts the time from tick to tick, and begins with none. */
function lateMs(ns: number): number {
  const ms = ns / NS_PER_MS - RESOLUTION_MS;
  return Number.isFinite(ms) && ms > 0 && ns < Number.MAX_SAFE_INTEGER ? Math.round(ms * 100) / 100 : 0;
}
