import { PendingCall } from "../call.ts";
import { onProcessExit } from "../exit-hook.ts";
import { Pid } from "../pid.ts";
import type { Process } from "../process.ts";
import { Ref } from "../ref.ts";
import type { Shard } from "../shard.ts";
import type { Exchange } from "../scheduler.ts";
import type { Bell } from "./bell.ts";
import type { NameTable } from "./name-table.ts";
import { Peer } from "./peer.ts";
import { placeOf } from "./shard-setup.ts";
import type { PeerLine } from "./peer-line.ts";
import { RemoteRef } from "./remote-ref.ts";
import { SharedNames } from "./shared-names.ts";
import { WeakTable } from "./weak-table.ts";

/** What `monitorShards` leaves in the mailbox: `nodeup` and `nodedown`. */
export interface ShardMessage {
  readonly type: "shard_up" | "shard_down";
  /** The place of the shard. */
  readonly shard: number;
}

/** How one shard is connected with the others of its runtime. */
export class Interconnect implements Exchange {
  readonly shard: Shard;
  readonly #peers = new Map<number, Peer>();
  readonly #open = new Set<number>();
  /** Who hears of shards, and what takes back that it is forgotten at its end. */
  readonly #watchers = new Map<Pid, () => void>();
  /** The processes of this shard whose pids are known elsewhere. */
  readonly #exported = new Map<number, Pid>();
  /** Those of them that are dead: the same pid must be found for them, too, as long as anybody here has it. */
  readonly #buried = new WeakTable<Pid>();
  /** Calls that wait for a reply from elsewhere. */
  readonly #calls = new Map<number, PendingCall>();
  /** Other references of this shard that are known elsewhere. */
  readonly #refs = new WeakTable<Ref>();

  readonly #bell: Bell;
  readonly #spins: number;
  /** Something came or went since the thread last had nothing to do. */
  #busy = false;

  constructor(shard: Shard, bell: Bell, spins: number) {
    this.shard = shard;
    this.#bell = bell;
    this.#spins = spins;
  }

  /** The names of all shards are in `table`. */
  shareNames(table: NameTable): void {
    this.shard.names.shared = new SharedNames(table, this);
  }

  connect(number: number, line: PeerLine): void {
    this.#peers.set(number, new Peer(number, this, line));
    // It may have sent something already.
    this.shard.scheduler.want();
  }

  /** From now on processes can be started on that shard: every other one is connected with it, too. */
  open(number: number): void {
    this.#open.add(number);
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
    peer?.lost();
    if (this.#open.delete(number)) this.#tell("shard_down", number);
  }

  peer(number: number): Peer | undefined {
    return this.#peers.get(number);
  }

  exchange(): boolean {
    this.#bell.stayAwake();
    let any = false;
    for (const peer of this.#peers.values()) if (peer.exchange()) any = true;
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

  rest(): boolean {
    for (const peer of this.#peers.values()) peer.flush();
    this.#bell.load = this.shard.processCount;
    this.#bell.fallAsleep();
    // Whoever sends from now on wakes this shard; what came before is seen here.
    if (!this.hasInput) return true;
    this.#bell.stayAwake();
    return false;
  }

  get hasInput(): boolean {
    for (const peer of this.#peers.values()) if (peer.hasInput) return true;
    return false;
  }

  /** The living process of this shard with that id. */
  local(id: number): Process | undefined {
    return this.#exported.get(id)?.process as Process | undefined;
  }

  pidOf(shard: number, id: number): Pid {
    if (shard !== this.shard.number)
      return this.#peers.get(shard)?.standIn(id) ?? new Pid(shard, id, undefined);
    const known = this.#exported.get(id) ?? this.#buried.get(id);
    return known ?? new Pid(shard, id, undefined);
  }

  /** A pid of this shard is about to become known elsewhere. */
  exportPid(pid: Pid): void {
    if (pid.shard !== this.shard.number) return;
    if (pid.process !== undefined) this.#exported.set(pid.id, pid);
    else if (this.#buried.get(pid.id) === undefined) this.#buried.set(pid.id, pid);
  }

  /** A process of this shard has died. */
  processEnded(pid: Pid): void {
    if (this.#exported.delete(pid.id)) this.#buried.set(pid.id, pid);
  }

  refOf(shard: number, id: number): Ref {
    if (shard === this.shard.number) return this.#calls.get(id) ?? this.#refs.get(id) ?? new Ref(id);
    return this.#peers.get(shard)?.refStandIn(id) ?? new Ref(id);
  }

  exportRef(ref: Ref): number {
    if (ref instanceof RemoteRef) return ref.peer.number;
    if (ref instanceof PendingCall) {
      this.#calls.set(ref.id, ref);
      ref.exportedBy = this;
    } else if (this.#refs.get(ref.id) === undefined) {
      this.#refs.set(ref.id, ref);
    }
    return this.shard.number;
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
