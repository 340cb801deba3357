import { brief, runtimeError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { Bell } from "../shards/bell.ts";
import type { Hearer } from "../shards/counterparts.ts";
import { FairLocks } from "../shards/fair-locks.ts";
import { Interconnect } from "../shards/interconnect.ts";
import type { NodeCarrier, NodeCarrierEvents } from "./node-carrier.ts";
import {
  frameAt,
  type FrameIds,
  FrameKind,
  helloFrame,
  type NodeFrame,
  namedFrame,
  placeFrame,
  readFrame,
  shardFrame,
  shardLostFrame,
} from "./node-frame.ts";
import { type NodeGate, type NodeOrder, type NodeRequest, NODES } from "./node-order.ts";
import { NODE_SHARDS } from "./node-slot.ts";
import { ShardNodes } from "./shard-nodes.ts";
import { SlotSweep } from "./slot-sweep.ts";

/** So much that has come is carried out at once; then the processes of this shard have their turns again. */
const EVENTS_PER_EXCHANGE = 16;
/** Frames leave together, at the end of a slice, or as soon as they are so many bytes. */
const OUTGOING_BYTES = 65_536;

/** Whose a pid is said to be that was of a connection which is forgotten. */
const NOBODY = { node: "?", incarnation: "" } as const;

/** What the carrier has told, in order. */
type CarrierEvent =
  | { readonly type: "up" | "down"; readonly node: string; readonly incarnation: string }
  | {
      readonly type: "received";
      readonly node: string;
      readonly incarnation: string;
      readonly bytes: Uint8Array;
    };

type Place = Extract<NodeOrder, readonly [type: "place", ...unknown[]]>;

/** The connection with a node that the carrier reaches. */
interface Connection {
  readonly node: string;
  readonly incarnation: string;
  /** What this side calls it, and the other side; 0 as long as that is not known. */
  readonly ownId: number;
  theirId: number;
  /** Undefined until both sides know that both know. */
  slot: number | undefined;
  /** The slots that were mentioned to that node. */
  readonly mentioned: Set<number>;
  readonly places: Place[];
  /** The frames that leave with the next flush. */
  readonly outgoing: Uint8Array[];
  outgoingBytes: number;
}

/** A slot that was given away, and what has become of it. */
interface KnownSlot {
  readonly node: string;
  readonly incarnation: string;
  state: "away" | "up" | "gone";
}

/**
 * The connections of a runtime with other nodes: on its first shard, for all of them. A connection is up when both sides have greeted. Each
 * greeting has a new id, so one side that has lost the other, and finds it again, makes the other side lose it, too: nothing of the
 * connection before is taken for the new one.
 */
export class NodeConnections implements NodeCarrierEvents, NodeGate, Hearer {
  readonly #home: Interconnect;
  readonly #own: ShardNodes;
  readonly #carrier: NodeCarrier;
  readonly #node: string;
  readonly #incarnation: string;
  readonly #byNode = new Map<string, Connection>();
  readonly #bySlot = new Map<number, Connection>();
  readonly #slots = new Map<number, KnownSlot>();
  /** The newest slot of each node and incarnation. */
  readonly #newest = new Map<string, number>();
  readonly #sweep = new SlotSweep();
  #events: CarrierEvent[] = [];
  #lastId = 0;
  #lastSlot = 0;
  #left = false;

  private constructor(home: Interconnect, carrier: NodeCarrier, node: string, incarnation: string) {
    this.#home = home;
    this.#carrier = carrier;
    this.#node = node;
    this.#incarnation = incarnation;
    this.#own = new ShardNodes(home, this);
    home.nodes = this.#own;
    home.connections = this;
    home.hearers.set(NODES, this);
    this.#tellAll(["heard", 0, node, incarnation, "up"]);
  }

  /** Joins the nodes that `carrier` finds. Rejects if it does not start. */
  static async start(runtime: Runtime, carrier: NodeCarrier): Promise<NodeConnections> {
    const { shard, node, clock, random } = runtime;
    const home = shard.interconnect ?? new Interconnect(shard, new Bell(), 0, new FairLocks(shard.number));
    shard.scheduler.exchange = home;
    const incarnation = `${clock.systemTimeMs().toString(36)}-${random.next().toString(36).slice(2)}`;
    const connections = new NodeConnections(home, carrier, node, incarnation);
    await carrier.start({ node, incarnation }, connections);
    return connections;
  }

  /** Hands over what was sent; from now on nothing leaves, and nothing comes. Resolves when the carrier has stopped. */
  async leave(): Promise<void> {
    if (this.#left) return;
    this.#home.flush();
    this.#left = true;
    this.#events = [];
    try {
      await this.#carrier.stop();
    } catch (error) {
      this.#home.shard.logger.error({ error }, "The carrier of nodes could not be stopped");
    } finally {
      for (const connection of this.#byNode.values()) this.#drop(connection);
    }
  }

  // What the carrier tells. It may do so in the middle of anything: carried out between the turns of processes.

  nodeUp(node: string, incarnation: string): void {
    this.#happened({ type: "up", node, incarnation });
  }

  nodeDown(node: string, incarnation: string): void {
    this.#happened({ type: "down", node, incarnation });
  }

  received(node: string, incarnation: string, bytes: Uint8Array): void {
    this.#happened({ type: "received", node, incarnation, bytes });
  }

  #happened(event: CarrierEvent): void {
    if (this.#left) return;
    this.#events.push(event);
    this.#home.shard.scheduler.want();
  }

  get hasInput(): boolean {
    return this.#events.length > 0;
  }

  /** Carries out what has come; true if anything has. */
  exchange(): boolean {
    if (this.#events.length === 0) return false;
    for (const event of this.#events.splice(0, EVENTS_PER_EXCHANGE)) this.#carryOut(event);
    return true;
  }

  #carryOut(event: CarrierEvent): void {
    const { node, incarnation } = event;
    const connection = this.#byNode.get(node);
    if (event.type === "up") {
      if (node === this.#node)
        return this.#home.shard.logger.error({ node, incarnation }, `Another node has the name ${node}, too`);
      if (connection !== undefined) this.#drop(connection);
      this.#greet(node, incarnation, 0);
    } else if (connection !== undefined && connection.incarnation === incarnation) {
      if (event.type === "received") this.#received(event);
      else this.#drop(connection);
    }
  }

  // Connections.

  #greet(node: string, incarnation: string, theirId: number): void {
    this.#lastId += 1;
    const connection: Connection = {
      node,
      incarnation,
      ownId: this.#lastId,
      theirId,
      slot: undefined,
      mentioned: new Set(),
      places: [],
      outgoing: [],
      outgoingBytes: 0,
    };
    this.#byNode.set(node, connection);
    this.#send(connection, helloFrame(idsOf(connection)));
  }

  #drop(connection: Connection): void {
    this.#byNode.delete(connection.node);
    const { slot } = connection;
    if (slot === undefined) return;
    connection.slot = undefined;
    this.#bySlot.delete(slot);
    this.#tell(slot, connection, "gone");
  }

  /** What has come can't be understood, or was not for here: begun anew, with nothing of what was. */
  #broken(connection: Connection, why: string): void {
    const { node, incarnation, slot } = connection;
    this.#home.shard.logger.error({ node, why }, `What ${node} sends can't be understood: ${why}`);
    // Who does not even greet as nodes do would be greeted for ever.
    if (slot === undefined) return;
    this.#drop(connection);
    this.#greet(node, incarnation, 0);
  }

  #received({ node, bytes }: { readonly node: string; readonly bytes: Uint8Array }): void {
    for (let at = 0; at < bytes.length;) {
      // Each time: the frame before may have made it another one.
      const connection = this.#byNode.get(node)!;
      try {
        const frame = frameAt(bytes, at);
        at += frame.length;
        this.#take(connection, readFrame(frame));
      } catch (error) {
        return this.#broken(connection, brief(error));
      }
    }
  }

  #take(connection: Connection, frame: NodeFrame): void {
    const { sender, receiver, kind } = frame;
    if (kind === FrameKind.Hello) this.#greeted(connection, sender, receiver);
    else if (connection.slot !== undefined && sender === connection.theirId && receiver === connection.ownId)
      this.#carryOutFrame(connection, connection.slot, frame);
  }

  #greeted(connection: Connection, sender: number, receiver: number): void {
    const { node, incarnation, theirId, ownId } = connection;
    if (sender !== theirId) {
      if (connection.slot !== undefined) {
        this.#drop(connection);
        return this.#greet(node, incarnation, sender);
      }
      connection.theirId = sender;
      this.#send(connection, helloFrame(idsOf(connection)));
    }
    if (receiver === ownId && connection.slot === undefined) this.#up(connection);
  }

  #up(connection: Connection): void {
    const { node, incarnation } = connection;
    const known = this.#newest.get(keyOf(node, incarnation));
    const slot = known !== undefined && this.#slots.get(known)!.state === "away" ? known : this.#newSlot();
    connection.slot = slot;
    this.#bySlot.set(slot, connection);
    this.#tell(slot, connection, "up");
  }

  #newSlot(): number {
    this.#lastSlot += 1;
    return this.#lastSlot;
  }

  /** All shards hear what has become of a slot. */
  #tell(
    slot: number,
    { node, incarnation }: { readonly node: string; readonly incarnation: string },
    state: KnownSlot["state"],
  ): void {
    this.#slots.set(slot, { node, incarnation, state });
    if (state !== "gone") this.#newest.set(keyOf(node, incarnation), slot);
    this.#tellAll(["heard", slot, node, incarnation, state]);
    if (state === "gone") this.#sweepAfter(slot);
  }

  /** Each connection leaves a slot behind: those that nobody can name any more are forgotten now and then. */
  #sweepAfter(slot: number): void {
    this.#sweep.add(slot);
    if (!this.#sweep.isDue) return;
    const { shard, peers } = this.#home;
    this.#sweep.begin([shard.number, ...Array.from(peers, ({ number }) => number)]);
    this.#tellAll(["whichRemain"]);
  }

  #remain(shard: number, named: readonly number[]): void {
    // What a node may still mention is named by its newest slot.
    const placed = new Set<string>();
    for (const { places } of this.#byNode.values())
      for (const { 3: node, 4: incarnation } of places) placed.add(keyOf(node, incarnation));
    const forgotten = this.#sweep.answered(shard, named, (slot) => placed.has(this.#keyOfSlot(slot)));
    if (forgotten === undefined) return;
    for (const slot of forgotten) {
      const key = this.#keyOfSlot(slot);
      if (this.#newest.get(key) === slot) this.#newest.delete(key);
      this.#slots.delete(slot);
      for (const { mentioned } of this.#byNode.values()) mentioned.delete(slot);
    }
    this.#tellAll(["forgotten", forgotten, this.#lastSlot]);
  }

  #keyOfSlot(slot: number): string {
    const { node, incarnation } = this.#slots.get(slot)!;
    return keyOf(node, incarnation);
  }

  /** How many slots are kept. */
  get kept(): number {
    return this.#slots.size;
  }

  #tellAll(order: NodeOrder): void {
    for (const peer of this.#home.peers) peer.sendSaid(NODES, order, undefined);
    this.#own.hear(order, undefined);
  }

  // What nodes send.

  #carryOutFrame(
    connection: Connection,
    slot: number,
    frame: Exclude<NodeFrame, { readonly kind: typeof FrameKind.Hello }>,
  ): void {
    switch (frame.kind) {
      case FrameKind.Signals:
      case FrameKind.Binary:
        if (this.#tellShard(frame.to, ["signals", slot, frame.kind, expectShard(frame.from)], frame.body))
          return;
        return this.#send(connection, shardLostFrame(idsOf(connection), frame.to));
      case FrameKind.Named: {
        const from = expectShard(frame.from);
        const named = this.#home.shard.whereis(frame.name)?.pid;
        if (named !== undefined) this.#home.exportPid(named);
        const { shard, id } = named ?? { shard: this.#home.shard.number, id: 0 };
        this.#tellShard(shard, ["named", slot, from, id], frame.body);
        return;
      }
      case FrameKind.Place:
        return this.#placed(connection, slot, frame);
      case FrameKind.ShardLost:
        return this.#tellAll(["shardLost", slot, expectShard(frame.shard)]);
    }
  }

  #tellShard(number: number, order: NodeOrder, bytes: Uint8Array): boolean {
    if (number === this.#home.shard.number) this.#own.hear(order, bytes);
    else {
      const peer = this.#home.peer(number);
      if (peer === undefined) return false;
      peer.sendSaid(NODES, order, bytes);
    }
    return true;
  }

  #placed(
    connection: Connection,
    slot: number,
    of: { readonly slot: number; readonly node: string; readonly incarnation: string },
  ): void {
    const { node, incarnation } = of;
    const own = node === this.#node && incarnation === this.#incarnation;
    if (!own && !this.#newest.has(keyOf(node, incarnation))) this.#tell(this.#newSlot(), of, "away");
    const place: Place = ["place", slot, of.slot, node, incarnation];
    connection.places.push(place);
    this.#tellAll(place);
  }

  #send(connection: Connection, frame: Uint8Array): void {
    connection.outgoing.push(frame);
    connection.outgoingBytes += frame.length;
    if (connection.outgoingBytes >= OUTGOING_BYTES) this.#flush(connection);
    else this.#home.shard.scheduler.want();
  }

  flush(): void {
    for (const connection of this.#byNode.values()) if (connection.outgoingBytes > 0) this.#flush(connection);
  }

  #flush(connection: Connection): void {
    const { outgoing } = connection;
    const bytes = outgoing.length === 1 ? outgoing[0]! : Buffer.concat(outgoing);
    outgoing.length = 0;
    connection.outgoingBytes = 0;
    if (!this.#left) this.#carrier.send(connection.node, bytes);
  }

  // What the shards of this runtime ask.

  request(request: NodeRequest, bytes?: Uint8Array): void {
    this.#requested(request, bytes, this.#home.shard.number);
  }

  hear(head: unknown, body: unknown, from: number): void {
    this.#requested(head as NodeRequest, body as Uint8Array | undefined, from);
  }

  #requested(request: NodeRequest, bytes: Uint8Array | undefined, from: number): void {
    if (request[0] === "remain") return this.#remain(from, request[1]);
    const connection = this.#bySlot.get(request[1]);
    if (connection === undefined) return;
    const ids = idsOf(connection);
    switch (request[0]) {
      case "send":
        return this.#send(connection, shardFrame(request[2], ids, from, request[3], bytes!));
      case "sendNamed":
        return this.#send(connection, namedFrame(ids, from, request[2], bytes!));
      case "mention":
        return this.#mention(connection, request[2]);
      case "broken":
        return this.#broken(connection, request[2]);
    }
  }

  #mention(connection: Connection, about: number): void {
    if (connection.mentioned.has(about)) return;
    connection.mentioned.add(about);
    // The pid was on its way from shard to shard when they were asked.
    const { node, incarnation } = this.#slots.get(about) ?? NOBODY;
    this.#send(connection, placeFrame(idsOf(connection), about, node, incarnation));
  }

  // Shards that come and go.

  /** That shard knows nothing yet. */
  shardConnected(number: number): void {
    const peer = this.#home.peer(number)!;
    const tell = (order: NodeOrder): void => peer.sendSaid(NODES, order, undefined);
    tell(["heard", 0, this.#node, this.#incarnation, "up"]);
    for (const [slot, { node, incarnation, state }] of this.#slots)
      tell(["heard", slot, node, incarnation, state]);
    tell(["forgotten", [], this.#lastSlot]);
    for (const { places } of this.#bySlot.values()) for (const place of places) tell(place);
  }

  shardLost(number: number): void {
    this.#remain(number, []);
    for (const connection of this.#bySlot.values())
      this.#send(connection, shardLostFrame(idsOf(connection), number));
  }
}

function idsOf({ ownId, theirId }: Connection): FrameIds {
  return { sender: ownId, receiver: theirId };
}

function keyOf(node: string, incarnation: string): string {
  return `${node}\0${incarnation}`;
}

/** Throws for what can't be the number of a shard on its own node. */
function expectShard(number: number): number {
  if (number >= NODE_SHARDS) throw runtimeError("ROOKERY_NODE_BYTES", `the number ${number} of a shard`);
  return number;
}
