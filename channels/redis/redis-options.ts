import type { Runtime } from "../../runtime/index.ts";
import { expectOptions } from "../../runtime/internal.ts";
import { channelsError } from "../errors.ts";
import { NODE_BYTES_MAX } from "./redis-frame.ts";

/** What a runtime is called that nobody has named. */
const NO_NODE = "nonode@nohost";
const NODE_NAME = `a name without slashes, of ${NODE_BYTES_MAX} bytes at most`;
const HEARTBEAT_MS = 1_000;
const TIMEOUT_MS = 5_000;
const UNSENT_BYTES_MAX = 8 * 1_024 * 1_024;
const TIMEOUT_BEATS_MIN = 2;

/** The Redis that joins nodes, and who this one is among them: the options of `Phoenix.PubSub.Redis`. */
export interface RedisOptions {
  /** `redis://user:password@host:port/database`, or `rediss:` for TLS. */
  readonly url: string;
  /** What this node is called among the others; no other may be called the same. Default: the name of the runtime, if it has one. */
  readonly node?: string;
  /** Nodes that share a Redis and have another prefix know nothing of each other. Default: `rookery`. */
  readonly prefix?: string;
  /** So often Redis is asked whether it is there. Default: 1,000. */
  readonly heartbeatMs?: number;
  /** After so long without an answer it isn't, and is connected with anew. Default: 5,000. */
  readonly timeoutMs?: number;
  /** So much may be on its way to Redis, unacknowledged. What is sent beyond that is dropped. Default: 8 MiB. */
  readonly unsentBytesMax?: number;
}

/** What every use of Redis needs, complete. */
export interface RedisSettings {
  readonly url: string;
  readonly prefix: string;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly unsentBytesMax: number;
}

/** Throws ROOKERY_REDIS_OPTION for what can't be used. */
export function completeRedisOptions(owner: string, options: RedisOptions): RedisSettings {
  const expect = (name: string, expected: string, fits: boolean, got: unknown): void => {
    if (!fits) throw channelsError("ROOKERY_REDIS_OPTION", `${name} as ${expected}`, owner, got);
  };
  expectOptions(owner, ["url", "node", "prefix", "heartbeatMs", "timeoutMs", "unsentBytesMax"], options);
  const {
    url,
    node,
    prefix = "rookery",
    heartbeatMs = HEARTBEAT_MS,
    timeoutMs = TIMEOUT_MS,
    unsentBytesMax = UNSENT_BYTES_MAX,
  } = options;
  // What came is not shown: it may hold a password.
  expect("url", "redis://host:port or rediss://host:port", isRedisUrl(url), typeof url);
  expect("node", NODE_NAME, node === undefined || isNodeName(node), node);
  expect("prefix", "text", typeof prefix === "string" && prefix !== "", prefix);
  expect("heartbeatMs", "a time above 0 ms", heartbeatMs > 0 && Number.isFinite(heartbeatMs), heartbeatMs);
  const timeoutMin = TIMEOUT_BEATS_MIN * heartbeatMs;
  expect(
    "timeoutMs",
    `at least ${TIMEOUT_BEATS_MIN} times heartbeatMs`,
    timeoutMs >= timeoutMin && Number.isFinite(timeoutMs),
    timeoutMs,
  );
  expect("unsentBytesMax", "a number of bytes above 0", unsentBytesMax > 0, unsentBytesMax);
  return { url, prefix, heartbeatMs, timeoutMs, unsentBytesMax };
}

/** What the node is called. Throws ROOKERY_NODE_UNNAMED if nobody has said so. */
export function redisNodeName(owner: string, node: string | undefined, runtime: Runtime): string {
  const name = node ?? runtime.node;
  if (name === NO_NODE) throw channelsError("ROOKERY_NODE_UNNAMED", owner);
  if (!isNodeName(name)) throw channelsError("ROOKERY_REDIS_OPTION", `node as ${NODE_NAME}`, owner, name);
  return name;
}

/** The Redis of a URL, as it may be shown in a log. */
export function redisAddress(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

function isRedisUrl(url: unknown): boolean {
  if (typeof url !== "string" || !URL.canParse(url)) return false;
  const { protocol, hostname, pathname } = new URL(url);
  return (protocol === "redis:" || protocol === "rediss:") && hostname !== "" && /^(\/\d*)?$/.test(pathname);
}

function isNodeName(node: unknown): boolean {
  if (typeof node !== "string" || node === "" || node.includes("/")) return false;
  return Buffer.byteLength(node) <= NODE_BYTES_MAX;
}
