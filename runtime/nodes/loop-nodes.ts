import type { NodeCarrier, NodeCarrierEvents } from "./node-carrier.ts";

/** A node that has started on it. */
interface Joined {
  readonly node: string;
  readonly incarnation: string;
  readonly events: NodeCarrierEvents;
}

/**
 * Connects runtimes of one program as nodes, for tests: what is sent arrives at once and in order, and connections break when the test
 * says so.
 *
 * @example
 * ```ts
 * const nodes = new LoopNodes();
 * const shop = await Runtime.start({ node: "shop@a", nodes: nodes.carrier() });
 * const stock = await Runtime.start({ node: "stock@a", nodes: nodes.carrier() });
 * nodes.partition("shop@a", "stock@a");
 * ```
 */
export class LoopNodes {
  readonly #joined = new Map<string, Joined>();
  readonly #cut = new Set<string>();
  /** Between nodes that are held apart: what waits until they are not. */
  readonly #held = new Map<string, (() => void)[]>();
  #sent = 0;

  /** For one runtime. */
  carrier(): NodeCarrier {
    let own: Joined | undefined;
    return {
      start: async (named, events) => {
        own = { ...named, events };
        this.#join(own);
      },
      send: (node, bytes) => {
        if (own !== undefined) this.#deliver(own, node, bytes);
      },
      stop: async () => {
        if (own !== undefined) this.lose(own.node, own.incarnation);
        own = undefined;
      },
    };
  }

  /** How many frames have been sent: once that stays the same, everything waits. */
  get sent(): number {
    return this.#sent;
  }

  /** The nodes that have started on it. */
  get names(): string[] {
    return [...this.#joined.keys()];
  }

  /** From now on what the two send to each other waits, in its order: the connection is slow, and neither hears of it. */
  hold(one: string, other: string): void {
    const pair = between(one, other);
    if (!this.#held.has(pair)) this.#held.set(pair, []);
  }

  /** What has waited between the two arrives, and from now on everything at once. */
  release(one: string, other: string): void {
    const waiting = this.#held.get(between(one, other)) ?? [];
    this.#held.delete(between(one, other));
    for (const arrive of waiting) arrive();
  }

  /** From now on the two don't reach each other. Both hear of it. */
  partition(one: string, other: string): void {
    if (this.#cut.has(between(one, other))) return;
    this.#cut.add(between(one, other));
    // What was on its way is lost with the connection.
    this.#held.get(between(one, other))?.splice(0);
    this.#tell("nodeDown", one, other);
    this.#tell("nodeDown", other, one);
  }

  /** They reach each other again. */
  heal(one: string, other: string): void {
    if (!this.#cut.delete(between(one, other))) return;
    this.#tell("nodeUp", one, other);
    this.#tell("nodeUp", other, one);
  }

  /** `at` believes for a moment that it can't reach `node`, which does not notice. */
  blink(at: string, node: string): void {
    this.#tell("nodeDown", at, node);
    this.#tell("nodeUp", at, node);
  }

  /** A node is gone from one moment to the next: the others hear of it, and nothing that it sends arrives any more. */
  lose(node: string, incarnation: string | undefined = this.#joined.get(node)?.incarnation): void {
    const lost = this.#joined.get(node);
    if (lost === undefined || lost.incarnation !== incarnation) return;
    this.#joined.delete(node);
    for (const { node: other, events } of this.#joined.values())
      if (!this.#cut.has(between(node, other))) events.nodeDown(node, lost.incarnation);
  }

  #join(own: Joined): void {
    // One that is started again under its name takes the place of the one before.
    this.lose(own.node);
    this.#joined.set(own.node, own);
    for (const { node } of this.#joined.values()) {
      if (node === own.node || this.#cut.has(between(node, own.node))) continue;
      this.#tell("nodeUp", own.node, node);
      this.#tell("nodeUp", node, own.node);
    }
  }

  #tell(what: "nodeUp" | "nodeDown", at: string, about: string): void {
    const known = this.#joined.get(about);
    if (known !== undefined) this.#joined.get(at)?.events[what](about, known.incarnation);
  }

  #deliver(own: Joined, to: string, bytes: Uint8Array): void {
    this.#sent += 1;
    if (this.#joined.get(own.node) !== own || this.#cut.has(between(own.node, to))) return;
    const receiver = this.#joined.get(to);
    if (receiver === undefined) return;
    const arrive = (): void => {
      // Either may be gone by then, and another one have its name.
      if (this.#joined.get(to) === receiver && this.#joined.get(own.node) === own)
        receiver.events.received(own.node, own.incarnation, bytes);
    };
    const held = this.#held.get(between(own.node, to));
    if (held === undefined) return arrive();
    bytes = Uint8Array.from(bytes);
    held.push(arrive);
  }
}

function between(one: string, other: string): string {
  return [one, other].sort().join(" ");
}
