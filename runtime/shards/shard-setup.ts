import type { MessagePort } from "node:worker_threads";
import type { CpuOptions } from "../cpu-pool.ts";
import type { Watched } from "../watchdog.ts";
import type { LogLevel } from "../logger.ts";
import type { LineEnd } from "./thread-line.ts";

/** So many shards a runtime has at most. The number of a shard is its place plus this for each time it was started before. */
export const SHARDS_MAX = 64;

/** The place of the shard with this number: the same for all that were started there, one after the other. */
export function placeOf(number: number): number {
  return number % SHARDS_MAX;
}

/** What a thread is given to become a shard. */
export interface ShardSetup {
  readonly number: number;
  readonly bell: SharedArrayBuffer;
  readonly names: SharedArrayBuffer;
  readonly freezeMessages: boolean;
  /** What is logged at another level is dropped. */
  readonly logLevels: readonly LogLevel[];
  readonly node: string;
  readonly cores: number;
  readonly cpu: CpuOptions;
  /** Whether a watchdog looks after it. */
  readonly guarded: boolean;
  /** How far the time of day has jumped, if the first shard has a clock that can. */
  readonly jumps: SharedArrayBuffer | undefined;
  readonly control: MessagePort;
}

/** What the thread that started the runtime tells the others. */
export type ShardOrder =
  | { readonly type: "connect"; readonly number: number; readonly end: LineEnd }
  /** All others are connected with that shard, too: its processes can be known everywhere. */
  | { readonly type: "open"; readonly number: number }
  | { readonly type: "lost"; readonly number: number }
  | { readonly type: "lock"; readonly name: string; readonly memory: SharedArrayBuffer }
  | { readonly type: "stop" };

/** What they tell it. */
export type ShardNotice =
  /** `watched` is for the watchdog, if there is one. */
  | { readonly type: "ready"; readonly watched: Watched }
  | { readonly type: "connected"; readonly number: number }
  /** Asks for the memory of a lock. */
  | { readonly type: "lock"; readonly name: string }
  | {
      readonly type: "log";
      readonly level: LogLevel;
      readonly fields: Record<string, unknown>;
      readonly message: string;
    };
