import { type CallResult, type CastResult, GenServer, noReply, ok, type Ok, reply } from "rookery";
import { PubSub } from "rookery/channels";
import { names } from "./names.ts";

/** So many broadcasts of a topic are kept. */
const STORED_MAX = 1_000;
/** Those of all shards. */
const TOPIC = "wire:realtime_history";

/** A broadcast that its sender wanted to be kept, for those who join later. */
export interface StoredBroadcast {
  readonly topic: string;
  readonly id: string;
  readonly atMs: number;
  readonly event: string;
  readonly payload: unknown;
}

/** Which stored broadcasts a client wants to see: the newest `limit` of those after `since`. */
export interface Replay {
  readonly since: number;
  readonly limit?: number;
}

/** What was kept for each topic, on every shard. */
export class RealtimeHistory extends GenServer<
  Map<string, StoredBroadcast[]>,
  { readonly topic: string; readonly replay: Replay },
  never,
  StoredBroadcast
> {
  static override readonly module: string = import.meta.url;

  /** To the histories of all shards. */
  static store(from: Parameters<typeof PubSub.broadcast>[0], stored: StoredBroadcast): void {
    PubSub.broadcast(from, names.pubsub, TOPIC, stored);
  }

  init(): Ok<Map<string, StoredBroadcast[]>> {
    PubSub.subscribe(this.self, names.pubsub, TOPIC);
    return ok(new Map());
  }

  override handleCall({
    topic,
    replay: { since, limit = STORED_MAX },
  }: {
    readonly topic: string;
    readonly replay: Replay;
  }): CallResult {
    const stored = this.state.get(topic) ?? [];
    return reply(stored.filter(({ atMs }) => atMs >= since).slice(-limit));
  }

  override handleInfo(stored: StoredBroadcast): CastResult {
    const kept = this.state.get(stored.topic) ?? [];
    kept.push(stored);
    if (kept.length > STORED_MAX) kept.shift();
    this.state.set(stored.topic, kept);
    return noReply();
  }
}
