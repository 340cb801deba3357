import { runtimeError } from "../errors.ts";
import { Pid } from "../pid.ts";
import { Ref } from "../ref.ts";
import type { Runtime } from "../runtime.ts";
import { Counterparts } from "../shards/counterparts.ts";
import { placeOf } from "../shards/shard-setup.ts";
import { enter, leave, newPackr, newUnpackr, type TermHome } from "../shards/term-types.ts";
import { isDeeper, pathToUncopyable, Uncopyable } from "../shards/uncopyable.ts";
import { WeakTable } from "../shards/weak-table.ts";
import { NodePid } from "./node-pid.ts";
import type { NodeSlot } from "./node-slot.ts";

/** Whoever decodes does so on its own stack. A level takes a byte at least. */
const DEPTH_MAX = 1_000;
/** From this number on shards are those of other nodes. */
const FOREIGN_SHARD_MIN = 0x10_0000;
/** What belongs to no connection. */
const NO_SLOT = -1;
/** So many of them each shard of a runtime has to give away. */
const NUMBERS_PER_SHARD = 0x1_0000;

/**
 * What the number of a shard means, to whoever reads it. The incarnation is that of the node, which has none if it joins no others: a node
 * that is started again gives the same ids to other processes.
 */
type Row = readonly [number: number, node: string, shard: number, incarnation?: string];

/** A shard of a node that is not connected, under the number that it has here: pids there are `<shop@eu.1048576.7>` here. */
class ForeignShard {
  readonly row: Row;
  readonly slot: NodeSlot;
  readonly pids: WeakTable<Pid> = new WeakTable();
  readonly refs: WeakTable<Ref> = new WeakTable();

  constructor(row: Row) {
    this.row = row;
    const [, node, , incarnation = ""] = row;
    this.slot = { slot: NO_SLOT, of: { node, incarnation, slot: NO_SLOT }, state: "gone" };
  }

  get number(): number {
    return this.row[0];
  }
}

/** The shards of other nodes that are known to a runtime, by the same numbers on all its shards: whoever gives one away tells the others. */
class ForeignShards {
  readonly #firstNumber: number;
  readonly #others: Counterparts | undefined;
  readonly #byNumber = new Map<number, ForeignShard>();
  readonly #byPlace = new Map<string, ForeignShard>();
  readonly shardOfRef: WeakMap<Ref, ForeignShard> = new WeakMap();
  #given = 0;

  constructor({ shard: { interconnect, number } }: Runtime) {
    this.#firstNumber = FOREIGN_SHARD_MIN + placeOf(number) * NUMBERS_PER_SHARD;
    if (interconnect === undefined) return;
    this.#others = new Counterparts(interconnect, "ForeignShards", {
      hear: (rows, _, from) => this.#hear(rows as readonly Row[] | undefined, from),
    });
    this.#others.tellAll(undefined, undefined);
  }

  /** Rows that another shard knows; without any, it asks for those of this one. */
  #hear(rows: readonly Row[] | undefined, from: number): void {
    for (const row of rows ?? []) this.#keep(new ForeignShard(row));
    if (rows !== undefined) return;
    const own = Array.from(this.#byNumber.values(), ({ row }) => row);
    this.#others!.tell(from, own, undefined);
  }

  #keep(shard: ForeignShard): void {
    const [number, ...place] = shard.row;
    if (this.#byNumber.has(number)) return;
    this.#byNumber.set(number, shard);
    this.#byPlace.set(placeKey(...place), shard);
  }

  numbered(number: number): ForeignShard | undefined {
    return this.#byNumber.get(number);
  }

  at(node: string, shard: number, incarnation: string | undefined): ForeignShard {
    const known = this.#byPlace.get(placeKey(node, shard, incarnation));
    if (known !== undefined) return known;
    const found = new ForeignShard(rowOf(this.#firstNumber + this.#given, node, shard, incarnation));
    this.#given += 1;
    this.#keep(found);
    // Before whatever makes it known there.
    this.#others?.tellAll([found.row] satisfies readonly Row[], undefined);
    return found;
  }
}

function rowOf(number: number, node: string, shard: number, incarnation: string | undefined): Row {
  return incarnation === undefined ? [number, node, shard] : [number, node, shard, incarnation];
}

function placeKey(node: string, shard: number, incarnation = ""): string {
  return `${shard} ${node} ${incarnation}`;
}

/** What a message has beside itself: the shards of further nodes in it, by number, and its large binary data. */
type Annex = readonly [shards: readonly Row[], binaries: readonly ArrayBuffer[]];

const shardsByRuntime = new WeakMap<Runtime, ForeignShards>();

/**
 * Messages as bytes for other nodes, each of which stands for itself. A pid or a reference of another node is one object here, so that it is
 * compared with `===`; it can be printed and sent on. It is itself again where it came from. Of a node with which this one is connected it is
 * the one that its signals name; of any other it is dead to whoever sends to it.
 */
export class NodeTerms implements TermHome {
  readonly #runtime: Runtime;
  readonly #node: string;
  readonly #foreign: ForeignShards;
  readonly #ownPids = new WeakTable<Pid>();
  readonly #ownRefs = new WeakTable<Ref>();
  #packr = newPackr(false);
  readonly #unpackr = newUnpackr(false);
  #from = "";
  #binaries: ArrayBuffer[] = [];
  #named = new Map<number, Row>();
  /** What the numbers in the message that is being read mean. */
  #meant: ReadonlyMap<number, ForeignShard | number> = new Map();

  /** `node` is what this node is called by those to whom it sends. */
  constructor(runtime: Runtime, node: string) {
    this.#runtime = runtime;
    this.#node = node;
    let foreign = shardsByRuntime.get(runtime);
    if (foreign === undefined) shardsByRuntime.set(runtime, (foreign = new ForeignShards(runtime)));
    this.#foreign = foreign;
  }

  /** Throws ROOKERY_NOT_COPYABLE; the path in its text begins at `message`, which is a part of `term` or all of it. */
  encode(term: unknown, message: unknown = term): Buffer {
    const before = enter(this);
    let packed: Buffer;
    try {
      packed = this.#packr.pack(term);
      if (packed.length > DEPTH_MAX && isDeeper(message, DEPTH_MAX))
        throw new Uncopyable(`nested more than ${DEPTH_MAX} levels deep`);
    } catch (error) {
      this.#packr = newPackr(false);
      this.#binaries = [];
      this.#named.clear();
      throw runtimeError("ROOKERY_NOT_COPYABLE", ...pathToUncopyable(message, error));
    } finally {
      leave(before);
    }
    return Buffer.concat([this.#annex(), packed]);
  }

  #annex(): Buffer {
    if (this.#binaries.length === 0 && this.#named.size === 0) return this.#packr.pack(null);
    const annex: Annex = [[...this.#named.values()], this.#binaries];
    this.#binaries = [];
    this.#named.clear();
    return this.#packr.pack(annex);
  }

  /** What the node called `from` has encoded. Throws for bytes that nobody has. */
  decode(from: string, bytes: Uint8Array): unknown {
    const before = enter(this);
    this.#from = from;
    const values: unknown[] = [];
    try {
      this.#unpackr.unpackMultiple(bytes, (value) => {
        // Before the term behind it is read.
        if (values.push(value) === 1) this.#understand(value as Annex | null);
      });
    } finally {
      leave(before);
      this.#binaries = [];
    }
    return values[1];
  }

  #understand(annex: Annex | null): void {
    const [shards, binaries] = annex ?? [[], []];
    this.#meant = new Map(
      shards.map(([number, node, shard, incarnation]) => [number, this.#placeAt(node, shard, incarnation)]),
    );
    this.#binaries = [...binaries];
  }

  /** The shard here, or of a node that is connected, by its number here, or of another one, that is meant by a number of the other side. */
  #shardOf(number: number): ForeignShard | number {
    return this.#meant.get(number) ?? this.#placeAt(this.#from, number, undefined);
  }

  #placeAt(node: string, shard: number, incarnation: string | undefined): ForeignShard | number {
    const nodes = this.#runtime.shard.outside?.nodes;
    if (node === this.#node && incarnation === nodes?.incarnation) return shard;
    return nodes?.shardAt(node, shard, incarnation) ?? this.#foreign.at(node, shard, incarnation);
  }

  pidOf(number: number, id: number, dead: boolean): Pid {
    const shard = this.#shardOf(number);
    if (typeof shard === "number") {
      const { outside } = this.#runtime.shard;
      return (
        outside?.pidOf(shard, id, dead, false) ??
        known(this.#ownPids, id, () => new Pid(shard, id, undefined))
      );
    }
    return known(shard.pids, id, () => new NodePid(shard.slot, shard.number, id, undefined));
  }

  refOf(number: number, id: number): Ref {
    const shard = this.#shardOf(number);
    if (typeof shard === "number") {
      const { outside } = this.#runtime.shard;
      return outside?.refOf(shard, id) ?? known(this.#ownRefs, id, () => new Ref(id));
    }
    return known(shard.refs, id, () => {
      const ref = new Ref(id);
      this.#foreign.shardOfRef.set(ref, shard);
      return ref;
    });
  }

  exportPid(pid: Pid): void {
    const foreign = this.#foreign.numbered(pid.shard);
    if (foreign !== undefined) return this.#name(foreign.row);
    const { outside } = this.#runtime.shard;
    if (outside === undefined) known(this.#ownPids, pid.id, () => pid);
    else outside.exportPid(pid);
    this.#nameNode(pid.shard);
  }

  #name(row: Row): void {
    this.#named.set(row[0], row);
  }

  /** A shard of a node that is connected, or was, or of this one, if it joins others. */
  #nameNode(number: number): void {
    const place = this.#runtime.shard.outside?.nodes?.placeOf(number);
    if (place === undefined) return;
    const [{ node, incarnation, slot }, shard] = place;
    this.#name([number, slot === 0 ? this.#node : node, shard, incarnation]);
  }

  exportRef(ref: Ref): number {
    const foreign = this.#foreign.shardOfRef.get(ref);
    if (foreign !== undefined) {
      this.#name(foreign.row);
      return foreign.number;
    }
    const { outside, number } = this.#runtime.shard;
    if (outside !== undefined) {
      const shard = outside.exportRef(ref);
      this.#nameNode(shard);
      return shard;
    }
    known(this.#ownRefs, ref.id, () => ref);
    return number;
  }

  handInBinary(bytes: ArrayBuffer): void {
    this.#binaries.push(bytes);
  }

  takeBinary(): ArrayBuffer {
    return this.#binaries.shift()!;
  }
}

/** The object that a table has for the id; what `make` makes if it has none. */
function known<Value extends object>(table: WeakTable<Value>, id: number, make: () => Value): Value {
  let value = table.get(id);
  if (value === undefined) table.set(id, (value = make()));
  return value;
}
