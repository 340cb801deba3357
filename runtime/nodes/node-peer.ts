import { runtimeError } from "../errors.ts";
import type { Pid } from "../pid.ts";
import type { Ref } from "../ref.ts";
import { Inbox } from "../shards/inbox.ts";
import type { Interconnect } from "../shards/interconnect.ts";
import { Peer } from "../shards/peer.ts";
import type { RemoteProcess } from "../shards/remote-process.ts";
import { SignalKind as Kind } from "../shards/signal-kind.ts";
import { ArrivedBytes, expectBatches, type NodeLine } from "./node-line.ts";
import { NodePid } from "./node-pid.ts";
import type { NodeSlot } from "./node-slot.ts";
import { readNamed } from "./named-outbox.ts";

/** What a peer asks of the nodes as its shard knows them. */
export interface NodeHome {
  /** The number here of a shard which that node calls `theirs`. */
  numberOf(slot: NodeSlot, theirs: number): number;
  /** A pid or reference of that shard is about to be sent to the node. */
  mention(slot: NodeSlot, shard: number): void;
  nameIs(asked: number, pid: Pid | undefined): void;
}

/** A shard of another node. It numbers shards in its own way, and knows names of its own node only. */
export class NodePeer extends Peer {
  readonly slot: NodeSlot;
  readonly #home: Interconnect;
  readonly #nodes: NodeHome;
  readonly #line: NodeLine;
  readonly #named = new ArrivedBytes();
  readonly #namedInbox: Inbox;
  /** The binaries of the signal by name that is being decoded. */
  #namedBinaries: ArrayBuffer[] | undefined = undefined;

  constructor(number: number, home: Interconnect, line: NodeLine, nodes: NodeHome, slot: NodeSlot) {
    super(number, home, line);
    this.#home = home;
    this.#line = line;
    this.#nodes = nodes;
    this.slot = slot;
    this.#namedInbox = new Inbox(this, this.#named);
  }

  override newPid(id: number, process: RemoteProcess | undefined): Pid {
    return new NodePid(this.slot, this.number, id, process);
  }

  override pidOf(shard: number, id: number, dead: boolean): Pid {
    const number = this.#nodes.numberOf(this.slot, shard);
    // Who sent by a name didn't know to whom, so it will not tell of the end of its processes by itself.
    return this.#home.pidOf(number, id, dead, number === this.number && this.#namedBinaries === undefined);
  }

  override refOf(shard: number, id: number): Ref {
    return super.refOf(this.#nodes.numberOf(this.slot, shard), id);
  }

  override exportPid(pid: Pid): void {
    super.exportPid(pid);
    this.#nodes.mention(this.slot, pid.shard);
  }

  override exportRef(ref: Ref): number {
    const shard = super.exportRef(ref);
    this.#nodes.mention(this.slot, shard);
    return shard;
  }

  override takeBinary(): ArrayBuffer {
    const bytes = this.#namedBinaries === undefined ? this.#line.takeBinary() : this.#namedBinaries.shift();
    if (bytes === undefined) throw runtimeError("ROOKERY_NODE_BYTES", "binary data that has not come");
    return bytes;
  }

  /** Carries out the signals in `bytes`. Throws if they are none. */
  receive(bytes: Uint8Array): void {
    expectBatches(bytes);
    this.#line.incoming.put(bytes);
    while (this.exchange()) {
      // Until all are read.
    }
  }

  receiveBinary(bytes: Uint8Array): void {
    this.#line.putBinary(bytes);
  }

  /** Carries out a signal to a name, which belongs to the process of this shard with that id. */
  receiveNamed(id: number, bytes: Uint8Array): void {
    const { binaries, batch } = readNamed(bytes);
    expectBatches(batch);
    this.#named.put(batch);
    this.#namedBinaries = binaries;
    let count: number;
    try {
      count = this.#namedInbox.next();
    } finally {
      this.#namedBinaries = undefined;
    }
    const signal = this.#namedInbox.values[0];
    this.#namedInbox.values.length = 0;
    if (count !== 1 || !Array.isArray(signal))
      throw runtimeError("ROOKERY_NODE_BYTES", "something else than one signal");
    const [kind, third, fourth] = signal as [number, unknown, unknown];
    if (kind === Kind.Watch) this.sendNameIs(third as number, id);
    else this.carryOutOne(kind, id, third, fourth);
  }

  override startAsked(): void {
    throw runtimeError("ROOKERY_NODE_BYTES", "a start, which nodes don't carry out for each other");
  }

  override said(): void {
    throw runtimeError("ROOKERY_NODE_BYTES", "what only shards of a node say to each other");
  }

  override nameIs(asked: number, pid: Pid | undefined): void {
    this.#nodes.nameIs(asked, pid);
  }
}
