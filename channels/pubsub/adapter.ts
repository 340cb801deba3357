import type { Pid, Self } from "../../runtime/index.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { NamedDispatchers } from "./named-dispatchers.ts";

/** The place that an adapter connects with others: one PubSub on one shard. */
export interface PubSubPlace {
  /** The name of the PubSub: adapters of one name speak with each other. */
  readonly name: string;
  /** The process of the PubSub. What an adapter starts, it links to it, or ends it when `self.signal` is aborted. */
  readonly self: Self;
  /** How dispatchers are called on the way to places that have their own copy of the code. */
  readonly dispatchers: NamedDispatchers;
  /** Hands what came from another place to the subscribers here; dropped before the PubSub has started. */
  deliver(topic: string, from: Pid | undefined, message: unknown, dispatcher: Dispatcher): void;
  /** Tells those who watch places, Presence above all, that another one is gone for good, with all its processes. */
  lost(nodeName: string): void;
  /** Tells them that others may be there of whom nothing has been heard yet: this place was cut off from them, and no longer is. */
  met(): void;
}

/** `up`: what is broadcast reaches the other places. `behind`: some of it is dropped. `down`: all of it is. */
export type PubSubState = "up" | "behind" | "down";

/**
 * Carries broadcasts to other places: shards, nodes, machines. It never delivers to its own place, which the PubSub does
 * itself. It keeps the order of what one process broadcasts, and throws only for a message that can't be sent as it is;
 * trouble on the way is its own to report. Answers to the behaviour Phoenix.PubSub.Adapter.
 */
export interface PubSubAdapter {
  /** What this place is called among the others. */
  readonly nodeName: string;
  /** To every other place; rows of `from` are skipped there, too. */
  broadcast(topic: string, from: Pid | undefined, message: unknown, dispatcher: Dispatcher): void;
  /** To one other place; dropped if there is none of that name. */
  directBroadcast(nodeName: string, topic: string, message: unknown, dispatcher: Dispatcher): void;
  /** Whether a place that was there is known to be gone for good. An adapter that can't know leaves it out. */
  isGone?(nodeName: string): boolean;
  /** What the place on the other shard with that place is called, if there is one. Not that of one that was there before. */
  nodeNameOf?(shard: number): string | undefined;
  /** Whether the other places can be reached. An adapter for which they always can leaves it out. */
  state?(): PubSubState;
  /** Lets what was broadcast leave, and ends. Called when the PubSub stops in order, or crashes; not when it is killed. */
  close?(): Promise<void>;
}

/** Makes the adapter of a PubSub that starts, each time it starts anew. */
export type PubSubAdapterFactory = (place: PubSubPlace) => PubSubAdapter | Promise<PubSubAdapter>;
