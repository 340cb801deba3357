import { brief, runtimeError } from "../errors.ts";
import type { ExitReason } from "../exit-reason.ts";
import type { PendingCall } from "../call.ts";
import type { Pid } from "../pid.ts";
import { Ref } from "../ref.ts";
import type { Hearer } from "../shards/counterparts.ts";
import type { Interconnect } from "../shards/interconnect.ts";
import { SignalKind as Kind } from "../shards/signal-kind.ts";
import { WeakTable } from "../shards/weak-table.ts";
import { NamedOutbox } from "./named-outbox.ts";
import { FrameKind } from "./node-frame.ts";
import { NodeLine } from "./node-line.ts";
import { NodeMonitors } from "./node-monitors.ts";
import type { NodeName } from "./node-name.ts";
import type { NodeGate, NodeOrder } from "./node-order.ts";
import { type NodeHome, NodePeer } from "./node-peer.ts";
import { NodePid } from "./node-pid.ts";
import { GoneSlots } from "./gone-slots.ts";
import { NODE_SHARDS, type NodeIdentity, numberIn, type NodeSlot, shardIn, slotOf } from "./node-slot.ts";
import { type NameLine, RemoteName } from "./remote-name.ts";

/** Of a node about which this shard has not heard yet. */
const UNHEARD = -1;

/** What a shard has of a node that can be reached, or about which it has not heard yet. */
interface Link {
  readonly slot: NodeSlot;
  /** Its shards, by their numbers here. */
  readonly peers: Map<number, NodePeer>;
  /** Those that are gone, and never come back. */
  readonly lost: Set<number>;
  /** What that node means by the slots it mentions. */
  readonly places: Map<number, NodeIdentity>;
  /** The slots that were mentioned to it, and those of them that it still has to be told. */
  readonly mentioned: Set<number>;
  readonly untold: number[];
}

/** A name for which it was asked who has it. */
interface Asked {
  readonly slot: NodeSlot;
  readonly name: string;
  readonly asking: RemoteName;
}

/**
 * The other nodes, as one shard knows them: each shard has its own peers there. All that they send and get goes through the first shard,
 * which has the connections.
 *
 * ```text
 *   shard 0   NodePeer (b, 0)  NodePeer (b, 1) ┐                                                 ┌ NodePeer (a, 0)  NodePeer (a, 1)   shard 0
 *                                              ├ NodeConnections ══ carrier ══ NodeConnections ┤
 *   shard 1   NodePeer (b, 0)  NodePeer (b, 1) ┘     of node a                    of node b    └ NodePeer (a, 0)  NodePeer (a, 1)   shard 1
 * ```
 */
export class ShardNodes implements NodeHome, Hearer {
  readonly monitors: NodeMonitors = new NodeMonitors();
  readonly #home: Interconnect;
  readonly #gate: NodeGate;
  /** But for those that are gone. */
  readonly #slots = new Map<number, NodeSlot>();
  readonly #gone = new GoneSlots();
  readonly #identities = new Map<string, NodeIdentity>();
  #ownIdentity: NodeIdentity | undefined = undefined;
  readonly #up = new Map<string, NodeSlot>();
  readonly #links = new Map<number, Link>();
  /** The pids of nodes that can't be reached. */
  readonly #lost = new WeakTable<Pid, string>();
  readonly #named: NamedOutbox;
  /** To whom the name belongs for which a signal is being encoded. */
  #naming: NodeSlot | undefined = undefined;
  /** Names for which it was asked who has them. */
  readonly #asked = new Map<number, Asked>();
  #lastAsked = 0;

  constructor(home: Interconnect, gate: NodeGate) {
    this.#home = home;
    this.#gate = gate;
    this.#named = new NamedOutbox({
      exportPid: (pid) => {
        home.exportPid(pid);
        this.mention(this.#naming!, pid.shard);
      },
      exportRef: (ref) => {
        const shard = home.exportRef(ref);
        this.mention(this.#naming!, shard);
        return shard;
      },
    });
  }

  /** The nodes that can be reached. */
  get names(): string[] {
    return [...this.#up.keys()];
  }

  /** The shards of a node that can be reached, as far as this one has had to do with them. */
  peersOf(node: string): NodePeer[] {
    const slot = this.#up.get(node);
    return [...this.#links.values()].flatMap((link) => (link.slot === slot ? [...link.peers.values()] : []));
  }

  isUp(node: string): boolean {
    return this.#up.has(node);
  }

  /** Which of those that have had its name this node is; undefined until this shard has heard of it. */
  get incarnation(): string | undefined {
    return this.#ownIdentity?.incarnation;
  }

  /** The number here of a shard of that node in that incarnation; undefined if it can't be reached. */
  shardAt(node: string, shard: number, incarnation: string | undefined): number | undefined {
    const slot = this.#up.get(node);
    return slot === undefined || slot.of?.incarnation !== incarnation
      ? undefined
      : numberIn(slot.slot, shard);
  }

  /** The node to which that shard belongs, and its number there; undefined if nothing has been heard of it. */
  placeOf(number: number): readonly [node: NodeIdentity, shard: number] | undefined {
    const of = number < NODE_SHARDS ? this.#ownIdentity : this.#slotIfKnown(slotOf(number))?.of;
    return of === undefined ? undefined : [of, shardIn(number)];
  }

  /** Whoever has that name there; undefined if the node can't be reached. */
  named({ name, node }: NodeName): RemoteName | undefined {
    const slot = this.#up.get(node);
    if (slot === undefined) return undefined;
    const line: NameLine = {
      send: (signal) => this.#sendNamed(slot, name, signal),
      ask: (asking) => {
        this.#lastAsked += 1;
        this.#asked.set(this.#lastAsked, { slot, name, asking });
        this.#sendNamed(slot, name, [Kind.Watch, this.#lastAsked]);
      },
      exportCall: (call: PendingCall) => {
        this.#home.exportCall(call);
        return call.id;
      },
    };
    const nobody = new NodePid(slot, numberIn(slot.slot, 0), 0, undefined);
    return new RemoteName(this.#home.shard, nobody, line);
  }

  pidOf(number: number, id: number, dead: boolean, learnedThere: boolean): Pid {
    const peer = this.#peer(number);
    if (peer !== undefined) return peer.standIn(id, dead, learnedThere);
    const key = `${number}.${id}`;
    const known = this.#lost.get(key);
    if (known !== undefined) return known;
    const pid = new NodePid(this.#slot(slotOf(number)), number, id, undefined);
    this.#lost.set(key, pid);
    return pid;
  }

  refOf(number: number, id: number): Ref {
    return this.#peer(number)?.refStandIn(id) ?? new Ref(id);
  }

  processEnded(pid: Pid, reason: ExitReason): void {
    for (const { peers } of this.#links.values())
      for (const peer of peers.values()) peer.processEnded(pid, reason);
  }

  flush(): void {
    for (const { peers } of this.#links.values()) for (const peer of peers.values()) peer.flush();
  }

  get kept(): { readonly pids: number; readonly refs: number; readonly slots: number } {
    let pids = this.#lost.size;
    let refs = this.#asked.size;
    for (const { peers } of this.#links.values()) {
      for (const { kept } of peers.values()) {
        pids += kept.pids;
        refs += kept.refs;
      }
    }
    return { pids, refs, slots: this.#slots.size + this.#gone.size };
  }

  // What its peers ask.

  numberOf(slot: NodeSlot, theirs: number): number {
    const of = slotOf(theirs);
    if (of === 0) return numberIn(slot.slot, theirs);
    const identity = this.#links.get(slot.slot)?.places.get(of);
    if (identity === undefined || identity.slot === UNHEARD)
      throw runtimeError("ROOKERY_NODE_BYTES", `shard ${theirs}, of a node that was not mentioned`);
    return numberIn(identity.slot, shardIn(theirs));
  }

  mention(slot: NodeSlot, shard: number): void {
    if (shard < NODE_SHARDS) return;
    const link = this.#links.get(slot.slot);
    const about = slotOf(shard);
    if (link === undefined || link.mentioned.has(about)) return;
    link.mentioned.add(about);
    link.untold.push(about);
  }

  nameIs(asked: number, pid: Pid | undefined): void {
    const waiting = this.#asked.get(asked);
    this.#asked.delete(asked);
    waiting?.asking.found(pid);
  }

  // What the first shard tells.

  hear(head: unknown, body: unknown): void {
    const order = head as NodeOrder;
    switch (order[0]) {
      case "heard":
        return this.#heard(order[1], this.#identity(order[2], order[3]), order[4]);
      case "place":
        this.#link(order[1])?.places.set(order[2], this.#identity(order[3], order[4]));
        return;
      case "shardLost": {
        const link = this.#links.get(order[1]);
        if (link === undefined) return;
        this.#losePeer(link, numberIn(order[1], order[2]));
        return this.#askAgain(link.slot);
      }
      case "whichRemain":
        return this.#gate.request(["remain", this.#gone.named()]);
      case "forgotten":
        return this.#forget(order[1], order[2]);
      case "signals":
      case "named":
        return this.#carryOut(order, body as Uint8Array);
    }
  }

  #carryOut(
    order: Extract<NodeOrder, readonly ["signals" | "named", ...unknown[]]>,
    bytes: Uint8Array,
  ): void {
    const [type, slot] = order;
    try {
      if (type === "named") this.#peer(numberIn(slot, order[2]))?.receiveNamed(order[3], bytes);
      else {
        const peer = this.#peer(numberIn(slot, order[3]));
        if (order[2] === FrameKind.Binary) peer?.receiveBinary(bytes);
        else peer?.receive(bytes);
      }
    } catch (error) {
      // What comes behind it can't be understood any more.
      this.#gate.request(["broken", slot, brief(error)]);
    }
  }

  #heard(number: number, identity: NodeIdentity, state: "away" | "up" | "gone"): void {
    if (number === 0) {
      identity.slot = 0;
      this.#ownIdentity = identity;
      return;
    }
    const slot = this.#slot(number);
    const before = slot.state;
    slot.of = identity;
    slot.state = state;
    // A shard that begins hears of those that are gone, too, oldest first: to all shards the newest is the same one.
    identity.slot = Math.max(identity.slot, number);
    if (state !== "up") this.#lose(slot);
    if (state === "gone") {
      this.#slots.delete(number);
      this.#gone.add(slot);
    }
    const { node } = identity;
    if (state === "up") {
      this.#up.set(node, slot);
      if (before === "away") this.#revive(number);
      this.monitors.nodeUp(node);
    } else if (before === "up") {
      this.monitors.nodeDown(node);
    }
  }

  /** A node of which only others had told can be reached now. */
  #revive(slot: number): void {
    for (const pid of this.#lost.values())
      if (slotOf(pid.shard) === slot && pid.process === undefined) this.#peer(pid.shard)?.revive(pid);
  }

  #lose(slot: NodeSlot): void {
    const node = slot.of?.node;
    if (node !== undefined && this.#up.get(node) === slot) this.#up.delete(node);
    const link = this.#links.get(slot.slot);
    if (link === undefined) return;
    // First: whoever hears of it finds nobody there any more.
    this.#links.delete(slot.slot);
    for (const number of link.peers.keys()) this.#losePeer(link, number);
    for (const [asked, waiting] of this.#asked) {
      if (waiting.slot !== slot) continue;
      this.#asked.delete(asked);
      waiting.asking.ended("noconnection");
    }
  }

  #losePeer(link: Link, number: number): void {
    link.lost.add(number);
    const peer = link.peers.get(number);
    if (peer === undefined) return;
    link.peers.delete(number);
    for (const pid of peer.pids) this.#lost.set(`${number}.${pid.id}`, pid);
    peer.lost();
  }

  /** Who has names there: whoever was to answer may have been lost. Of two answers the first counts. */
  #askAgain(of: NodeSlot): void {
    for (const [asked, { slot, name }] of this.#asked)
      if (slot === of) this.#sendNamed(slot, name, [Kind.Watch, asked]);
  }

  #forget(slots: readonly number[], last: number): void {
    for (const number of slots) {
      const { node, incarnation } = this.#gone.forget(number) ?? {};
      for (const link of this.#links.values()) link.mentioned.delete(number);
      const key = `${node}\0${incarnation}`;
      if (this.#identities.get(key)?.slot === number) this.#identities.delete(key);
    }
    this.#gone.last = last;
  }

  #slotIfKnown(number: number): NodeSlot | undefined {
    return this.#slots.get(number) ?? this.#gone.get(number);
  }

  #slot(number: number): NodeSlot {
    let slot = this.#slotIfKnown(number);
    if (slot === undefined) {
      slot = { slot: number, of: undefined, state: "unheard" };
      this.#slots.set(number, slot);
    }
    return slot;
  }

  #identity(node: string, incarnation: string): NodeIdentity {
    const key = `${node}\0${incarnation}`;
    let identity = this.#identities.get(key);
    if (identity === undefined) {
      identity = { node, incarnation, slot: UNHEARD };
      this.#identities.set(key, identity);
    }
    return identity;
  }

  /** One that this shard has not heard of may be up: another shard was told before. Word of it comes. */
  #link(number: number): Link | undefined {
    let link = this.#links.get(number);
    if (link !== undefined) return link;
    const slot = this.#slot(number);
    if (slot.state === "away" || slot.state === "gone") return undefined;
    link = { slot, peers: new Map(), lost: new Set(), places: new Map(), mentioned: new Set(), untold: [] };
    this.#links.set(number, link);
    return link;
  }

  #peer(number: number): NodePeer | undefined {
    const link = this.#link(slotOf(number));
    if (link === undefined || link.lost.has(number)) return undefined;
    let peer = link.peers.get(number);
    if (peer === undefined) {
      const shard = shardIn(number);
      const send = (kind: typeof FrameKind.Signals | typeof FrameKind.Binary, bytes: Uint8Array): void => {
        this.#tellMentioned(link);
        this.#gate.request(["send", link.slot.slot, kind, shard], bytes);
      };
      const line = new NodeLine({
        signals: (bytes) => send(FrameKind.Signals, bytes),
        binary: (bytes) => send(FrameKind.Binary, bytes),
      });
      peer = new NodePeer(number, this.#home, line, this, link.slot);
      link.peers.set(number, peer);
    }
    return peer;
  }

  /** Before anything that names them. Not while it is encoded: that can't be interrupted by what is encoded for this. */
  #tellMentioned({ slot, untold }: Link): void {
    for (let about = untold.shift(); about !== undefined; about = untold.shift())
      this.#gate.request(["mention", slot.slot, about]);
  }

  #sendNamed(slot: NodeSlot, name: string, signal: readonly unknown[]): void {
    const link = this.#link(slot.slot);
    if (link === undefined) return;
    const { pulse } = this.#home.shard.scheduler;
    // A sender that is terminated must not leave half a signal behind.
    const before = pulse.shut();
    try {
      this.#naming = slot;
      const bytes = this.#named.encode(signal);
      // What was sent to its pid comes first there, too.
      for (const peer of link.peers.values()) peer.flush();
      this.#tellMentioned(link);
      this.#gate.request(["sendNamed", slot.slot, name], bytes);
    } finally {
      this.#naming = undefined;
      pulse.open(before);
    }
  }
}
