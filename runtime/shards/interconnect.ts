import { PendingCall } from "../call.ts";
import { contextArrival } from "../context-arrival.ts";
import { onProcessExit } from "../exit-hook.ts";
import type { ExitReason } from "../exit-reason.ts";
import { Monitor } from "../monitor.ts";
import { Pid } from "../pid.ts";
import type { Process } from "../process.ts";
import { type NodeConnections } from "../nodes/node-connections.ts";
import { type NodeGate, NODES } from "../nodes/node-order.ts";
import { NODE_SHARDS } from "../nodes/node-slot.ts";
import { ShardNodes } from "../nodes/shard-nodes.ts";
import { Ref } from "../ref.ts";
import type { Shard } from "../shard.ts";
import type { Exchange } from "../scheduler.ts";
import type { Bell } from "./bell.ts";
import type { Hearer } from "./counterparts.ts";
import type { FairLocks } from "./fair-locks.ts";
import type { NameTable } from "./name-table.ts";
import { Peer } from "./peer.ts";
import type { Placement } from "./placement.ts";
import { placeOf } from "./shard-setup.ts";
import type { PeerLine } from "./peer-line.ts";
import { RemoteRef } from "./remote-ref.ts";
import { RuntimeNames } from "./runtime-names.ts";
import { WeakTable } from "./weak-table.ts";

/** What `monitorShards` leaves in the mailbox: `nodeup` and `nodedown`. */
export interface ShardMessage {
  readonly type: "shard_up" | "shard_down";
  /** The place of the shard. */
  readonly shard: number;
}

/** So long a start waits for a shard that is being started again. */
const OPEN_MS = 10_000;

/** The number of the shard on the thread that started the runtime, which is never lost. */
const FIRST_SHARD = 0;

/** How one shard is connected with the others of its runtime. */
export class Interconnect implements Exchange {
  readonly shard: Shard;
  readonly locks: FairLocks;
  readonly #peers = new Map<number, Peer>();
  /** The same as a list, for what is done all the time. */
  #lines: readonly Peer[] = [];
  readonly #open = new Set<number>();
  /** The places of shards that are gone and not there again yet. */
  readonly #lostPlaces = new Set<number>();
  #awaited: { readonly place: number; readonly settle: (isOpen: boolean) => void }[] = [];
  /** The runtime is being shut down. */
  #closed = false;
  /** Who hears here what other shards say to a name. */
  readonly hearers: Map<string, Hearer> = new Map();
  /** Who hears of shards, and what takes back that it is forgotten at its end. */
  readonly #watchers = new Map<Pid, () => void>();
  /** The processes of this shard whose pids are known elsewhere. */
  readonly #exported = new Map<number, Pid>();
  /** Those of them that are dead: the same pid must be found for them, too, as long as anybody here has it. */
  readonly #buried = new WeakTable<Pid>();
  /** The pids of shards that are gone. */
  readonly #lost = new WeakTable<Pid, string>();
  /** Calls that wait for a reply from elsewhere. */
  readonly #calls = new Map<number, PendingCall>();
  /** Other references of this shard that are known elsewhere. */
  readonly #refs = new WeakTable<Ref>();

  /** The other nodes, if this shard has heard of any. */
  nodes: ShardNodes | undefined = undefined;
  /** The connections with them: on the first shard. */
  connections: NodeConnections | undefined = undefined;

  /** How many starts wait for the module of their server. */
  loading: number = 0;
  readonly #bell: Bell;
  readonly #spins: number;
  /** Something came or went since the thread last had nothing to do. */
  #busy = false;

  constructor(shard: Shard, bell: Bell, spins: number, locks: FairLocks) {
    this.shard = shard;
    this.locks = locks;
    this.#bell = bell;
    this.#spins = spins;
    shard.outside = this;
  }

  /** The names of all shards are in `table`. */
  shareNames(table: NameTable): void {
    this.shard.names.shared = new RuntimeNames(table, this);
  }

  connect(number: number, line: PeerLine): void {
    this.#peers.set(number, new Peer(number, this, line));
    this.#lines = [...this.#peers.values()];
    this.connections?.shardConnected(number);
    // It may have sent something already.
    this.shard.scheduler.want();
  }

  /** From now on processes can be started on that shard: every other one is connected with it, too. */
  open(number: number): void {
    this.#open.add(number);
    this.#lostPlaces.delete(placeOf(number));
    const awaited = this.#awaited.filter(({ place }) => place === placeOf(number));
    this.#awaited = this.#awaited.filter((waiting) => !awaited.includes(waiting));
    for (const { settle } of awaited) settle(true);
    this.#tell("shard_up", number);
  }

  /** From now on, or no longer, `pid` gets a ShardMessage when another shard comes or goes. */
  watchShards(pid: Pid, flag: boolean): void {
    if (!flag) {
      this.#watchers.get(pid)?.();
      this.#watchers.delete(pid);
    } else if (!this.#watchers.has(pid)) {
      this.#watchers.set(
        pid,
        onProcessExit(pid, () => this.#watchers.delete(pid)),
      );
    }
  }

  #tell(type: ShardMessage["type"], number: number): void {
    const message: ShardMessage = { type, shard: placeOf(number) };
    for (const pid of this.#watchers.keys()) pid.process?.deliver(undefined, message);
  }

  /** Resolves when a shard named by its place, which has been there before, is there again; false if that takes too long. */
  async whenOpen(placement: Placement): Promise<boolean> {
    if (typeof placement !== "object" || placement === null || !("shard" in placement)) return true;
    const { shard: place } = placement;
    if (!this.#lostPlaces.has(place)) return true;
    if (this.#closed) return false;
    const opened = Promise.withResolvers<boolean>();
    const timer = this.shard.clock.setTimer(OPEN_MS, () => opened.resolve(false));
    this.#awaited.push({ place, settle: opened.resolve });
    try {
      return await opened.promise;
    } finally {
      timer.cancel();
    }
  }

  /** No shard comes back any more: nobody waits for one. */
  close(): void {
    this.#closed = true;
    for (const { settle } of this.#awaited) settle(false);
    this.#awaited = [];
  }

  /** The shards on which processes can be started, this one included. */
  get openShards(): readonly number[] {
    return [this.shard.number, ...this.#open].sort((one, other) => placeOf(one) - placeOf(other));
  }

  /** How many processes live on the shard `number`. */
  load(number: number): number {
    return number === this.shard.number ? this.shard.processCount : this.#peers.get(number)!.load;
  }

  /** A shard is gone: so are its processes, to whoever watches them here. */
  lost(number: number): void {
    const peer = this.#peers.get(number);
    this.#peers.delete(number);
    this.#lines = [...this.#peers.values()];
    this.connections?.shardLost(number);
    for (const hearer of this.hearers.values()) hearer.lost?.(number);
    for (const pid of peer?.pids ?? []) this.#lost.set(`${number}.${pid.id}`, pid);
    const wasOpen = this.#open.delete(number);
    if (wasOpen) this.#lostPlaces.add(placeOf(number));
    peer?.lost();
    if (wasOpen) this.#tell("shard_down", number);
  }

  peer(number: number): Peer | undefined {
    return this.#peers.get(number);
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** The shard `from` has said something to a name. */
  hear(name: string, head: unknown, body: unknown, from: number): void {
    try {
      if (name === NODES && this.connections === undefined) this.#ownNodes().hear(head, body);
      else this.hearers.get(name)?.hear(head, body, from);
    } catch (error) {
      // Whoever said it is elsewhere, and the signals behind this one are for others.
      this.shard.logger.error({ name, from, error }, `What a shard said to ${name} could not be carried out`);
    }
  }

  /** The other nodes, of which the first shard tells this one. */
  #ownNodes(): ShardNodes {
    const first: NodeGate = {
      request: (request, bytes) => this.#peers.get(FIRST_SHARD)?.sendSaid(NODES, request, bytes),
    };
    return (this.nodes ??= new ShardNodes(this, first));
  }

  exchange(): boolean {
    const { around } = contextArrival;
    return around === undefined ? this.#exchange() : around(() => this.#exchange());
  }

  #exchange(): boolean {
    this.#bell.stayAwake();
    // Also where the shard never rests.
    this.#bell.load = this.shard.processCount;
    let any = this.connections?.exchange() === true;
    // What is for other nodes leaves by way of the first shard.
    this.nodes?.flush();
    for (const peer of this.#lines) if (peer.exchange()) any = true;
    this.connections?.flush();
    if (any) this.#busy = true;
    return any;
  }

  idle(): boolean {
    if (this.exchange()) return true;
    if (!this.#busy) return false;
    this.#busy = false;
    for (let spin = 0; spin < this.#spins; spin += 1) if (this.hasInput) return this.exchange();
    return false;
  }

  flush(): void {
    this.nodes?.flush();
    this.connections?.flush();
    for (const peer of this.#lines) peer.flush();
  }

  rest(): boolean {
    this.flush();
    this.#bell.load = this.shard.processCount;
    this.#bell.fallAsleep();
    if (this.connections?.hasInput === true) {
      this.#bell.stayAwake();
      return false;
    }
    // Whoever sends or makes room from now on wakes this shard; what came before is seen here.
    for (const peer of this.#lines) {
      if (!peer.hasWork) continue;
      this.#bell.stayAwake();
      return false;
    }
    return true;
  }

  get hasInput(): boolean {
    if (this.connections?.hasInput === true) return true;
    for (const peer of this.#lines) if (peer.hasInput) return true;
    return false;
  }

  /** The living process of this shard with that id. */
  local(id: number): Process | undefined {
    return this.#exported.get(id)?.process as Process | undefined;
  }

  /** The pid object of a process of any shard. `dead` and `learnedThere`: see `Peer.standIn`. */
  pidOf(shard: number, id: number, dead: boolean, learnedThere: boolean): Pid {
    if (shard === this.shard.number) return this.#exported.get(id) ?? deadPid(this.#buried, id, shard, id);
    if (shard >= NODE_SHARDS) return this.#ownNodes().pidOf(shard, id, dead, learnedThere);
    const peer = this.#peers.get(shard);
    return peer?.standIn(id, dead, learnedThere) ?? deadPid(this.#lost, `${shard}.${id}`, shard, id);
  }

  /** A pid of this shard is about to become known elsewhere. */
  exportPid(pid: Pid): void {
    if (pid.shard !== this.shard.number) return;
    if (pid.process !== undefined) this.#exported.set(pid.id, pid);
    else if (this.#buried.get(pid.id) === undefined) this.#buried.set(pid.id, pid);
  }

  /** A process of this shard has died; those who are linked with it have been told. */
  processEnded(pid: Pid, reason: ExitReason): void {
    if (!this.#exported.delete(pid.id)) return;
    this.#buried.set(pid.id, pid);
    for (const peer of this.#peers.values()) peer.processEnded(pid, reason);
    this.nodes?.processEnded(pid, reason);
  }

  refOf(shard: number, id: number): Ref {
    if (shard === this.shard.number) return this.#calls.get(id) ?? this.#refs.get(id) ?? new Ref(id);
    if (shard >= NODE_SHARDS) return this.#ownNodes().refOf(shard, id);
    return this.#peers.get(shard)?.refStandIn(id) ?? new Ref(id);
  }

  exportRef(ref: Ref): number {
    if (ref instanceof RemoteRef) {
      ref.peer.keepRef(ref);
      return ref.peer.number;
    }
    if (this.#refs.get(ref.id) === undefined) this.#refs.set(ref.id, ref);
    if (ref instanceof PendingCall) {
      if (ref.active) this.exportCall(ref);
    } else if (ref instanceof Monitor && ref.alias !== undefined) {
      // Who has it there can send to it, whether anybody here still holds it or not.
      const { watcher } = ref;
      if (watcher !== undefined) (watcher.aliases ??= new Set()).add(ref);
    }
    return this.shard.number;
  }

  /** Somebody elsewhere is about to learn of a call that waits. */
  exportCall(call: PendingCall): void {
    this.#calls.set(call.id, call);
    call.exportedBy = this;
  }

  /** How much is kept for the sake of other shards: calls that wait, pids, references. */
  get kept(): { readonly calls: number; readonly pids: number; readonly refs: number } {
    let pids = this.#exported.size + this.#buried.size + this.#lost.size + (this.nodes?.kept.pids ?? 0);
    let refs = this.#refs.size + (this.nodes?.kept.refs ?? 0);
    for (const peer of this.#peers.values()) {
      pids += peer.kept.pids;
      refs += peer.kept.refs;
    }
    return { calls: this.#calls.size, pids, refs };
  }

  /** Nobody waits any more for the reply to a call. */
  callEnded(call: PendingCall): void {
    this.#calls.delete(call.id);
  }

  /** The reply to a call. Dropped if nobody waits for it any more. */
  answer(id: number, value: unknown): void {
    this.#calls.get(id)?.answer(value);
  }

  refuse(id: number, error: Error): void {
    this.#calls.get(id)?.refuse(error);
  }
}

/** The pid of a dead process: the same one as before, if somebody still has that. */
function deadPid<Key>(graves: WeakTable<Pid, Key>, key: Key, shard: number, id: number): Pid {
  const known = graves.get(key);
  if (known !== undefined) return known;
  const pid = new Pid(shard, id, undefined);
  graves.set(key, pid);
  return pid;
}
