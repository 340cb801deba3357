import type { Addressee } from "./addressee.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Clock } from "./clock.ts";
import { type Dest, expectDest, isViaName, type ViaHome } from "./dest.ts";
import type { Logger } from "./logger.ts";
import { Monitor } from "./monitor.ts";
import { Names } from "./names.ts";
import type { NodeName } from "./nodes/node-name.ts";
import { Pid } from "./pid.ts";
import { Process } from "./process.ts";
import type { Random } from "./random.ts";
import { Ref } from "./ref.ts";
import type { Runtime } from "./runtime.ts";
import { Scheduler } from "./scheduler.ts";
import type { Self } from "./self.ts";
import type { SliceDriver } from "./slice-driver.ts";
import type { Interconnect } from "./shards/interconnect.ts";
import type { Peer } from "./shards/peer.ts";
import { placeOf } from "./shards/shard-setup.ts";
import { Timers } from "./timers.ts";

export interface ShardOptions {
  readonly number: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly driver: SliceDriver;
  readonly freezeMessages: boolean;
  /** Makes the handle by which a process's own code acts. */
  readonly handleOf: (process: Process) => Self;
}

/** One scheduler and what belongs to it: its processes, their names and timers. All of it lives on one thread. */
export class Shard implements ViaHome {
  readonly runtime: Runtime;
  /** Stands in its pids. Never used again for another shard of the same runtime. */
  readonly number: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly freezeMessages: boolean;
  readonly handleOf: (process: Process) => Self;
  readonly names: Names;
  readonly timers: Timers;
  readonly scheduler: Scheduler;
  /** Another shard that is behind with what code outside of a turn has sent to it. */
  behind: Peer | undefined = undefined;
  /** The way to the other shards, if there are any. */
  interconnect: Interconnect | undefined = undefined;
  /** The way to whatever is not on this shard: the other shards, other nodes, or both. */
  outside: Interconnect | undefined = undefined;
  /** The dead that are being buried: process and reason in turn. */
  readonly dying: unknown[] = [];
  /** So much of `dying` is done. */
  buried = 0;
  /**
   * What waits, for no process of this shard, until some process ends. A process elsewhere is known here for as long as anybody has its
   * pid, and who waits need not.
   */
  readonly unowned: Set<Monitor> = new Set();
  /** The process whose own operation is being carried out, while it is. */
  acting: Process | undefined = undefined;
  /** Its runtime was shut down: nothing runs here any more. */
  closed = false;
  /** How many processes live. */
  processCount = 0;
  #oldest: Process | undefined = undefined;
  #newest: Process | undefined = undefined;
  #lastId = 0;

  constructor(runtime: Runtime, options: ShardOptions) {
    this.runtime = runtime;
    this.number = options.number;
    this.names = new Names(placeOf(options.number));
    this.clock = options.clock;
    this.random = options.random;
    this.logger = options.logger;
    this.freezeMessages = options.freezeMessages;
    this.handleOf = options.handleOf;
    this.timers = new Timers(options.clock);
    this.scheduler = new Scheduler(options.driver);
  }

  /** Makes a process. It runs once it is scheduled. */
  create(behaviour: Behaviour, instance: unknown, spawner: Addressee | undefined): Process {
    this.#lastId += 1;
    this.processCount += 1;
    const process = new Process(this, this.#lastId, behaviour, instance, spawner);
    process.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = process;
    else this.#newest.younger = process;
    this.#newest = process;
    return process;
  }

  forget(process: Process): void {
    this.processCount -= 1;
    const { older, younger } = process;
    if (younger === undefined && this.#newest !== process) return;
    if (older === undefined) this.#oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#newest = older;
    else younger.older = older;
    process.older = undefined;
    process.younger = undefined;
  }

  /** The living process that started first; its `younger` leads to the others. */
  get oldest(): Process | undefined {
    return this.#oldest;
  }

  processes(): Process[] {
    const all: Process[] = [];
    for (let process = this.#oldest; process !== undefined; process = process.younger) all.push(process);
    return all;
  }

  whereis(name: string): Addressee | undefined {
    return this.names.whereis(name);
  }

  whereisOn(place: number, name: string): Addressee | undefined {
    return this.names.whereisOn(place, name);
  }

  /** The living process that `dest` names, if there is one. An alias names its owner, as long as it is one. */
  find(dest: Dest): Addressee | undefined {
    if (dest instanceof Pid) return dest.process;
    if (typeof dest === "string") return this.names.whereis(dest);
    if (dest instanceof Monitor) return dest.alias === undefined ? undefined : dest.watcher;
    if (dest instanceof Ref) return undefined;
    if (isViaName(dest)) return dest.via.whereis(this, dest.key)?.process;
    expectDest(dest);
    return this.#named(dest as NodeName);
  }

  #named(dest: NodeName): Addressee | undefined {
    return dest.node === this.runtime.node ? this.names.whereis(dest.name) : this.outside?.nodes?.named(dest);
  }
}
