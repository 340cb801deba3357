import type { Dest, InitResult, Pid, Via, ViaHome, ViaName } from "../runtime/index.ts";
import { ExitError } from "../runtime/index.ts";
import { namedInstance, type Origin, serverInstance } from "../runtime/internal.ts";
import type { ChildDefaults } from "./child-spec.ts";
import { supervisorError } from "./errors.ts";
import { partitionOf } from "./partition-key.ts";
import { type ChildCounts, type ChildInfo, Supervisor } from "./supervisor.ts";
import { type PartitionSupervisorOptions, partitionsAsChildren } from "./supervisor-options.ts";

/** A Supervisor that takes other options. */
interface AnySupervisor extends Omit<Supervisor, "init"> {
  init(arg: never): Promise<InitResult<Supervisor["state"]>>;
}

const SupervisorOfPartitions: new () => AnySupervisor = Supervisor;

interface ViaKey {
  readonly supervisor: string;
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
  static via<S = unknown>(supervisor: string, key: unknown): ViaName<S> {
    return { via: partitionVia, key: { supervisor, key } satisfies ViaKey };
  }

  /** How many partitions there are. Throws `ROOKERY_NOPROC`. */
  static partitions(from: Origin, supervisor: Dest): number {
    const instance = serverInstance(from, supervisor, PartitionSupervisor);
    if (instance !== undefined) return instance.#partitions;
    const text = `Expected a running PartitionSupervisor, but there is none at ${String(supervisor)}`;
    throw new ExitError("ROOKERY_NOPROC", text, [
      "noproc",
      ["PartitionSupervisor", "partitions", [supervisor]],
    ]);
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
    return from.stop(supervisor, reason, timeoutMs);
  }

  /** @internal */
  static whereisVia(home: ViaHome, { supervisor, key }: ViaKey): Pid | undefined {
    const instance = namedInstance(home, supervisor, PartitionSupervisor);
    return instance === undefined ? undefined : instance.#partitionFor(key);
  }

  #partitions = 0;

  override init(arg: PartitionSupervisorOptions): Promise<InitResult<Supervisor["state"]>> {
    const options = partitionsAsChildren(arg, this.self.runtime.cores);
    this.#partitions = options.children.length;
    return super.init(options as never);
  }

  #partitionFor(key: unknown): Pid | undefined {
    const pid = this.state.children.get(partitionOf(key, this.#partitions))?.pid;
    return pid === "restarting" ? undefined : pid;
  }
}
