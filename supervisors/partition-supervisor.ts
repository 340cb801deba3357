import {
  type CallResult,
  type Dest,
  ExitError,
  type InitResult,
  type Pid,
  type Reply,
  reply,
  type Via,
  type ViaHome,
  type ViaName,
} from "../runtime/index.ts";
import { brief, expectOrigin, namedInstance, type Origin, serverInstance } from "../runtime/internal.ts";
import type { ChildDefaults } from "./child-spec.ts";
import { supervisorError } from "./errors.ts";
import { partitionOf } from "./partition-key.ts";
import { type ChildCounts, type ChildInfo, type RestartChildResult, Supervisor } from "./supervisor.ts";
import { type PartitionSupervisorOptions, partitionsAsChildren } from "./supervisor-options.ts";

/** A Supervisor that takes other options and one more request. */
interface AnySupervisor extends Omit<Supervisor, "init" | "handleCall"> {
  init(arg: never): Promise<InitResult<Supervisor["state"]>>;
  handleCall(request: unknown): CallResult | Promise<CallResult>;
}

const SupervisorOfPartitions: new () => AnySupervisor = Supervisor;

/** `previous` is how many partitions there were. The reason is that of a start which failed. */
export type ResizeResult =
  | { readonly ok: true; readonly previous: number }
  | { readonly ok: false; readonly reason: unknown };

class Resize {
  readonly partitions: number;

  constructor(partitions: number) {
    this.partitions = partitions;
  }
}

interface ViaKey {
  readonly supervisor: string | ViaName;
  readonly key: unknown;
}

const partitionVia: Via = {
  whereis: (home, key) => PartitionSupervisor.whereisVia(home, key as ViaKey),
  register: (_home, key) => {
    const { supervisor } = key as ViaKey;
    throw supervisorError("ROOKERY_PARTITION_NAME", supervisor);
  },
};

/**
 * Runs the same child many times, so that a process that would be a bottleneck becomes several, and routes by key: those who use
 * the same key get the same partition. Start it under a name. A partition that crashes is started again in its place.
 * Elixir's `PartitionSupervisor`.
 * @example
 * ```ts doctest
 * const childSpec = { start: [DynamicSupervisor, {}] };
 * await runtime.start(PartitionSupervisor, { childSpec, partitions: 4 }, { name: "workers" });
 * PartitionSupervisor.partitions(runtime, "workers"); // => 4
 * const workers = PartitionSupervisor.via("workers", "room:lobby");
 * await DynamicSupervisor.countChildren(runtime, workers); // => { specs: 0, active: 0, supervisors: 0, workers: 0 }
 * ```
 */
export class PartitionSupervisor extends SupervisorOfPartitions {
  static readonly module: string = import.meta.url;
  static readonly childSpec: ChildDefaults = { type: "supervisor" };

  /**
   * The name of the partition for `key`: a destination like any other, also while partitions are restarted. No process can be
   * started under it (`ROOKERY_PARTITION_NAME`). `{:via, PartitionSupervisor, {supervisor, key}}`.
   */
  static via<S = unknown>(supervisor: string | ViaName, key: unknown): ViaName<S> {
    return { via: partitionVia, key: { supervisor, key } satisfies ViaKey };
  }

  /** How many partitions there are. Throws `ROOKERY_NOPROC`. */
  static partitions(from: Origin, supervisor: Dest): number {
    return PartitionSupervisor.#running(from, supervisor, "partitions", [supervisor]).#partitions;
  }

  /**
   * Ends partitions, or starts ended ones again, until so many are left: from 0 to as many as there were at the start. Keys belong to
   * other partitions then; with none left, their names are those of nobody. If a partition does not start, no key belongs to the new
   * ones. Throws `ROOKERY_NOPROC`, and `ROOKERY_SUPERVISOR_OPTION` for any other number. `PartitionSupervisor.resize!/2`.
   */
  static async resize(from: Origin, supervisor: Dest, partitions: number): Promise<ResizeResult> {
    const running = PartitionSupervisor.#running(from, supervisor, "resize", [supervisor, partitions]);
    const most = running.state.options.children.length;
    if (!Number.isInteger(partitions) || partitions < 0 || partitions > most) {
      const expected = `from 0 to ${most} partitions`;
      throw supervisorError("ROOKERY_SUPERVISOR_OPTION", expected, "PartitionSupervisor", partitions);
    }
    return from.call(supervisor, new Resize(partitions), Number.POSITIVE_INFINITY) as Promise<ResizeResult>;
  }

  /** The partitions: their ids are their numbers, from 0 on. */
  static whichChildren(from: Origin, supervisor: Dest): Promise<readonly ChildInfo[]> {
    return Supervisor.whichChildren(from, supervisor);
  }

  static countChildren(from: Origin, supervisor: Dest): Promise<ChildCounts> {
    return Supervisor.countChildren(from, supervisor);
  }

  /** Ends it and its partitions, as `GenServer.stop` does. */
  static stop(from: Origin, supervisor: Dest, reason: unknown = "normal", timeoutMs?: number): Promise<void> {
    return expectOrigin(from).stop(supervisor, reason, timeoutMs);
  }

  /** @internal */
  static whereisVia(home: ViaHome, { supervisor, key }: ViaKey): Pid | undefined {
    const instance = namedInstance(home, supervisor, PartitionSupervisor);
    return instance === undefined ? undefined : instance.#partitionFor(key);
  }

  static #running(
    from: Origin,
    supervisor: Dest,
    name: string,
    args: readonly unknown[],
  ): PartitionSupervisor {
    const instance = serverInstance(from, supervisor, PartitionSupervisor);
    if (instance !== undefined) return instance;
    const text = `Expected a running PartitionSupervisor, but there is none at ${brief(supervisor)}`;
    throw new ExitError("ROOKERY_NOPROC", text, ["noproc", ["PartitionSupervisor", name, args]]);
  }

  #partitions = 0;

  override init(arg: PartitionSupervisorOptions): Promise<InitResult<Supervisor["state"]>> {
    const options = partitionsAsChildren(arg, this.self.runtime.cores);
    this.#partitions = options.children.length;
    return super.init(options as never);
  }

  override handleCall(request: unknown): CallResult | Promise<CallResult> {
    return request instanceof Resize ? this.#resize(request.partitions) : super.handleCall(request);
  }

  async #resize(partitions: number): Promise<Reply<ResizeResult>> {
    const previous = this.#partitions;
    for (let id = previous; id < partitions; id += 1) {
      // One that another strategy has started with its siblings, or an earlier attempt at this, runs already.
      if (this.state.children.get(id)?.pid !== undefined) continue;
      const restarted = (await super.handleCall(["restart_child", id])) as Reply<RestartChildResult>;
      if (!restarted.value.ok) return reply(restarted.value);
    }
    // No key may belong to a partition that is not there: the new ones run by now, those to be ended still do.
    this.#partitions = partitions;
    for (let id = partitions; id < previous; id += 1) await super.handleCall(["terminate_child", id]);
    return reply({ ok: true, previous });
  }

  #partitionFor(key: unknown): Pid | undefined {
    if (this.#partitions === 0) return undefined;
    const pid = this.state.children.get(partitionOf(key, this.#partitions))?.pid;
    return pid === "restarting" ? undefined : pid;
  }
}
