import type {
  CastResult,
  InitArg,
  InitResult,
  ServerClass,
  ServerInstance,
  ShardMessage,
} from "../runtime/index.ts";
import { ExitMessage, noReply, Pid, stop } from "../runtime/index.ts";
import { otherShards } from "../runtime/internal.ts";
import { type ChildId, type ChildSpec, completeChildSpec } from "./child-spec.ts";
import { ModuleSupervisor } from "./module-supervisor.ts";
import { SupervisedChild } from "./supervised-child.ts";
import type { RestartChildResult, Supervisor } from "./supervisor.ts";
import type { IntensityOptions } from "./supervisor-options.ts";

/** After so long a shard on which the child did not start is tried again. */
const RETRY_MS = 1_000;

/** What runs on each shard, and how often it may be restarted. */
export interface EveryShardOptions extends IntensityOptions {
  /** What runs on each shard. The class must name its module; what its `init` gets is copied to the other shards. */
  readonly start: readonly [server: ServerClass, arg?: unknown];
  /** The name of each of them on its own shard: `nameOn(shard, name)` for the others. */
  readonly name?: string;
  readonly shutdown?: NonNullable<ChildSpec["shutdown"]>;
}

/**
 * Runs the same child once on every shard of the runtime: what has to be near each connection, such as an endpoint, a PubSub, or a
 * repo. Mostly that child is a ModuleSupervisor. It starts on all other shards at once and last on its own, and ends on all of
 * them at once. A child that crashes is started again on its shard; one whose shard is gone is not, until the shard is there again.
 */
export class EveryShard extends ModuleSupervisor<EveryShardOptions> {
  static override readonly module: string = import.meta.url;

  #options!: EveryShardOptions;

  override async init(arg: EveryShardOptions): Promise<InitResult<Supervisor["state"]>> {
    const { self } = this;
    const { intensity, periodMs } = arg;
    this.#options = arg;
    // Before the first start: a shard that comes meanwhile is told of, and not started twice.
    self.monitorShards(true);
    const result = await super.init({
      strategy: "one_for_one",
      children: [],
      ...(intensity === undefined ? {} : { intensity }),
      ...(periodMs === undefined ? {} : { periodMs }),
    });
    const { place } = self.runtime;
    const others = self.runtime.shards().filter((shard) => shard !== place);
    // Own last: its modules are loaded already, and were it ready long before the others, it would get the work of all.
    const failure = (await this.#addAll(others)) ?? (await this.#addAll([place]));
    if (failure === undefined) return result;
    await this.terminate();
    return stop(["shutdown", ["failed_to_start_child", ...failure]]);
  }

  override async terminate(): Promise<void> {
    // All are told before the first is waited for: none of them shall go on as if nothing was while another one drains.
    for (const { pid } of this.state.children.values())
      if (pid instanceof Pid)
        this.self.exit(pid, this.#options.shutdown === "brutal_kill" ? "kill" : "shutdown");
    await super.terminate();
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (isShardMessage(message))
      return message.type === "shard_up" ? this.#startOn(message.shard) : noReply();
    // The reason alone does not say it: one that was linked with a process of a shard that is gone has the same.
    if (message instanceof ExitMessage && this.#isGone(message.pid.shard)) {
      const child = this.state.byPid.get(message.pid);
      if (child !== undefined) {
        this.state.byPid.delete(message.pid);
        this.state.children.delete(child.spec.id);
        return noReply();
      }
    }
    return super.handleInfo(message);
  }

  #isGone(shard: number): boolean {
    const { pid, runtime } = this.self;
    return shard !== pid.shard && !otherShards(runtime).includes(shard);
  }

  async #startOn(shard: number): Promise<CastResult> {
    const { runtime } = this.self;
    if (this.state.children.has(shard) || !runtime.shards().includes(shard)) return noReply();
    const reason = await this.#add(shard);
    if (reason !== undefined) {
      runtime.logger.error({ shard, reason }, `What runs on every shard did not start on ${shard}`);
      this.self.sendAfter(RETRY_MS, this.self.pid, { type: "shard_up", shard } satisfies ShardMessage);
    }
    return noReply();
  }

  /** Starts the child on several shards at once. Answers the first on which it did not, and why. */
  async #addAll(shards: readonly number[]): Promise<[shard: number, reason: unknown] | undefined> {
    const reasons = await Promise.all(shards.map((shard) => this.#add(shard)));
    const failed = reasons.findIndex((reason) => reason !== undefined);
    return failed < 0 ? undefined : [shards[failed]!, reasons[failed]];
  }

  /** Starts the child on a shard. Answers why it did not start; a shard that is gone is no reason. */
  async #add(shard: number): Promise<unknown> {
    this.state.children.set(shard, new SupervisedChild(completeChildSpec(this.#childOn(shard))));
    const { value: started } = (await super.handleCall(["restart_child", shard])) as {
      readonly value: RestartChildResult;
    };
    if (started.ok) return undefined;
    this.state.children.delete(shard);
    return this.self.runtime.shards().includes(shard) ? started.reason : undefined;
  }

  #childOn(shard: number): ChildSpec {
    const { start, name, shutdown } = this.#options;
    return {
      id: shard,
      start,
      on: { shard },
      ...(name === undefined ? {} : { name, nameScope: "shard" }),
      ...(shutdown === undefined ? {} : { shutdown }),
    };
  }
}

function isShardMessage(message: unknown): message is ShardMessage {
  const type = (message as Partial<ShardMessage> | null)?.type;
  return type === "shard_up" || type === "shard_down";
}

/**
 * The child spec of an EveryShard that runs `Server` on each shard; the argument is checked against what its `init` takes. The id is
 * the name of the class.
 *
 * ```ts
 * await Application.run({ name: "shop", start: [onEveryShard(ShopShard, settings)], runtime: { shards: "auto" } });
 * ```
 */
export function onEveryShard<S extends ServerInstance>(
  Server: ServerClass<S>,
  arg: InitArg<S>,
  options: Omit<EveryShardOptions, "start"> & { readonly id?: ChildId } = {},
): ChildSpec {
  const { id = Server.name, ...rest } = options;
  return { id, start: [EveryShard, { start: [Server, arg], ...rest } satisfies EveryShardOptions] };
}
