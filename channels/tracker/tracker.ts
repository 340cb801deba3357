import { type CastResult, noReply, ok, type Ok, type Pid } from "../../runtime/index.ts";
import type { Origin } from "../../runtime/internal.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import type { Meta } from "./entry.ts";
import type { TopicDiff } from "./topic-diff.ts";
import { completeTrackerOptions, type TrackerOptions } from "./tracker-options.ts";
import { type PresenceKey, type TrackedMeta, trackedMeta, TrackerServer } from "./tracker-server.ts";

/** What a Tracker is started with: the options of `Phoenix.Tracker.start_link/3`. */
export interface TrackerStartOptions extends TrackerOptions {
  /** The name of the PubSub over which those of other places are met. */
  readonly pubsub: string;
}

/**
 * Tracks processes under keys of topics, with metadata, on all places of a PubSub, and leaves it to you what becomes of it:
 * `Phoenix.Tracker`. Presence is one that tells the subscribers of the topic. A child of a supervisor, after its PubSub, with a name.
 *
 * Processes are tracked until they untrack or exit, for whatever reason. A killed tracker loses nobody. Each operation makes one diff a
 * topic, in order, wherever it is done. A `handleInfo` of yours must hand to `super` what it does not know.
 *
 * @example
 * ```ts doctest
 * class Workers extends Tracker<Map<string, number>> {
 *   override initState() {
 *     return new Map();
 *   }
 *   override handleDiff(topic: string, joins: readonly TrackedMeta[], leaves: readonly TrackedMeta[]) {
 *     this.state.set(topic, (this.state.get(topic) ?? 0) + joins.length - leaves.length);
 *   }
 * }
 * await runtime.start(PubSub, {}, { name: "doc.pubsub" });
 * await runtime.start(Workers, { pubsub: "doc.pubsub" }, { name: "doc.workers" });
 * await Workers.track(self, "doc.workers", self.pid, "resizers", "worker-1", { free: true });
 * Workers.list(self, "doc.workers", "resizers").map(([key, { free }]) => [key, free]); // => [["worker-1", true]]
 * ```
 */
export abstract class Tracker<State = unknown> extends TrackerServer<State> {
  static override readonly module: string = import.meta.url;

  /** All who were there when this process began: what it knew of them is gone. */
  readonly #retold: TopicDiff<Pid>[] = [];

  /** The first state: `init/1`. */
  abstract initState(): State;

  /**
   * Who has joined a topic and who has left it: `handle_diff/2`. The state is `this.state`. An update is both. After a restart it is
   * called for all who are there as if they joined now. What it throws ends the process.
   */
  abstract handleDiff(topic: string, joins: readonly TrackedMeta[], leaves: readonly TrackedMeta[]): void;

  /** The presences of a topic. */
  static list(from: Origin, name: string, topic: string): TrackedMeta[] {
    return Tracker.dirtyList(from, name, topic);
  }

  /** The processes under one key of a topic. */
  static getByKey(
    from: Origin,
    name: string,
    topic: string,
    key: PresenceKey,
  ): (readonly [pid: Pid, meta: Meta])[] {
    const { state } = Tracker.table(from, name);
    return Array.from(state.entries.keys(topic).get(String(key)) ?? [], ({ pid, meta }) => [pid, meta]);
  }

  init({ pubsub, ...trackerOptions }: TrackerStartOptions): Ok<State> {
    const options = completeTrackerOptions(trackerOptions);
    const { state, diffs } = this.open(PubSub.nodeName(this.self, pubsub), options);
    // They are told of as being there, or not at all.
    diffs.length = 0;
    for (const topic of state.entries.topics())
      this.#retold.push({ topic, joins: [...state.entries.inTopic(topic)], leaves: [] });
    this.replicate(pubsub, options);
    return ok(this.initState(), { continue: "announce" });
  }

  override handleContinue(): CastResult {
    for (const diff of this.#retold.splice(0)) this.#handle(diff);
    this.announce();
    return noReply();
  }

  protected override announce(): void {
    // First taken from the table: what is there when this process ends is what nobody has been told.
    for (let next = this.table.diffs.shift(); next !== undefined; next = this.table.diffs.shift())
      this.#handle(next);
  }

  #handle({ topic, joins, leaves }: TopicDiff<Pid>): void {
    this.handleDiff(topic, joins.map(trackedMeta), leaves.map(trackedMeta));
  }
}
