import { type Channel, Presence } from "phoenix";

type Handler = (payload: never) => void;

/** A topic of a client: what the official client keeps of it, with its Presence. */
export class SimulatedTopic {
  readonly name: string;
  /** Undefined while it is neither joined nor being joined. */
  joinRef: string | undefined;
  isJoined = false;
  /** Ids that were told since the join. */
  readonly told: Set<number> = new Set();
  readonly #handlers = new Map<string, Handler>();
  #presence: Presence;

  constructor(name: string) {
    this.name = name;
    this.#presence = this.#newPresence();
  }

  joining(joinRef: string): void {
    this.joinRef = joinRef;
    this.isJoined = false;
    // The official one applies the diffs of a join that ended before its presence_state to that of the next join.
    this.#presence = this.#newPresence();
  }

  joined(): void {
    this.isJoined = true;
    this.told.clear();
  }

  left(): void {
    this.joinRef = undefined;
    this.isJoined = false;
  }

  /** Something that came for the topic. */
  receive(joinRef: unknown, event: string, payload: { readonly id?: number }): void {
    if (joinRef !== null && joinRef !== this.joinRef) return;
    if (payload.id !== undefined) this.told.add(payload.id);
    this.#handlers.get(event)?.(payload as never);
  }

  /** How many windows of each user there are, as far as this one knows. */
  present(): Map<string, number> {
    return new Map(this.#presence.list((key, { metas }) => [key, metas.length] as const));
  }

  #newPresence(): Presence {
    const channel = {
      on: (event: string, handler: Handler) => this.#handlers.set(event, handler),
      joinRef: () => this.joinRef,
    };
    return new Presence(channel as unknown as Channel);
  }
}
