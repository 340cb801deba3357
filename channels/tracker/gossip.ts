import type { TrackerDelta } from "./delta.ts";
import type { ReplicaId } from "./entry.ts";
import type { Sender } from "./peers.ts";

export type Clocks = ReadonlyMap<ReplicaId, number>;

/**
 * What replicas say to each other.
 *
 * `hello`: it begins, and has heard so much; who else is there? `clock`: the answer, and now and then: it is there still, has heard
 * so much of each, and has so many entries of its own. `delta`: what it has done. `want`: what you did after that clock has not come,
 * or, without a clock, nothing of all that you know. `state`: the answer. `bye`: it stops, and what it tracks is gone.
 */
export type Saying<P> =
  | { readonly says: "hello"; readonly clocks: Clocks }
  | { readonly says: "clock"; readonly clocks: Clocks; readonly entries: number }
  | { readonly says: "delta" | "state"; readonly delta: TrackerDelta<P> }
  | { readonly says: "want"; readonly after: number | undefined }
  | { readonly says: "bye" };

/** A saying, and whose it is. */
export type Gossip<P> = Sender & Saying<P>;
