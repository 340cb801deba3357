/** Names one incarnation of a tracker. A restarted tracker that lost its state needs a new one: dots are never reused. */
export type ReplicaId = string;

/** What a client shows of itself: plain data, with at least the reference that names this very meta. */
export interface Meta {
  readonly phx_ref: string;
  readonly phx_ref_prev?: string;
  readonly [field: string]: unknown;
}

/**
 * One presence: a process tracked under a key of a topic. `replica` and `clock` are its dot, the mark of the one
 * operation that added it; an update is a new entry with a new dot. Never changed once made.
 */
export interface TrackerEntry<P> {
  readonly replica: ReplicaId;
  readonly clock: number;
  readonly pid: P;
  readonly topic: string;
  readonly key: string;
  readonly meta: Meta;
}

/** What an operation changed in what is visible: with `before` and `after` as sets, `after = before - leaves + joins`. */
export interface TrackerDiff<P> {
  readonly joins: readonly TrackerEntry<P>[];
  readonly leaves: readonly TrackerEntry<P>[];
}
