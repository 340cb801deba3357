import type { CallResult, CastResult, InitResult, ServerClass, ShardMessage } from "../runtime/index.ts";
import { ExitMessage, noReply } from "../runtime/index.ts";
import { type ChildDefaults, type ChildSpec, completeChildSpec } from "./child-spec.ts";
import { SupervisedChild } from "./supervised-child.ts";
import { Supervisor } from "./supervisor.ts";
import type { IntensityOptions } from "./supervisor-options.ts";

/** After so long a shard on which the child did not start is tried again. */
const RETRY_MS = 1_000;

export interface EveryShardOptions extends IntensityOptions {
  /** What runs on each shard. The class must name its module; what its `init` gets is copied to the other shards. */
  readonly start: readonly [server: ServerClass, arg?: unknown];
  /** The name of each of them on its own shard: `nameOn(shard, name)` for the others. */
  readonly name?: string;
  readonly shutdown?: NonNullable<ChildSpec["shutdown"]>;
}

/** A Supervisor that takes other options. */
interface AnySupervisor extends Omit<Supervisor, "init" | "handleInfo" | "handleCall"> {
  init(arg: never): Promise<InitResult<Supervisor["state"]>>;
  handleInfo(message: unknown): CastResult | Promise<CastResult>;
  handleCall(request: unknown): CallResult | Promise<CallResult>;
}

const SupervisorOfShards: new () => AnySupervisor = Supervisor;

/**
 * Runs the same child once on every shard of the runtime: what has to be near each connection, such as an endpoint, a PubSub, or a
 * repo. Mostly that child is a supervisor of its own. A child that crashes is started again on its shard; one whose shard is gone is not,
 * until the shard is there again. Ends them all when it ends.
 */
export class EveryShard extends SupervisorOfShards {
  static readonly module: string = import.meta.url;
  static readonly childSpec: ChildDefaults = { type: "supervisor" };

  #options!: EveryShardOptions;

  override init(arg: EveryShardOptions): Promise<InitResult<Supervisor["state"]>> {
    this.#options = arg;
    // Before the first start: a shard that comes meanwhile is told of, and not started twice.
    this.self.monitorShards(true);
    const { intensity, periodMs } = arg;
    return super.init({
      strategy: "one_for_one",
      children: this.self.runtime.shards().map((shard) => this.#childOn(shard)),
      ...(intensity === undefined ? {} : { intensity }),
      ...(periodMs === undefined ? {} : { periodMs }),
    } as never);
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (isShardMessage(message))
      return message.type === "shard_up" ? this.#startOn(message.shard) : noReply();
    if (message instanceof ExitMessage && message.reason === "noconnection") {
      const child = this.state.byPid.get(message.pid);
      if (child !== undefined) {
        this.state.byPid.delete(message.pid);
        this.state.children.delete(child.spec.id);
        return noReply();
      }
    }
    return super.handleInfo(message);
  }

  async #startOn(shard: number): Promise<CastResult> {
    const { runtime } = this.self;
    if (this.state.children.has(shard) || !runtime.shards().includes(shard)) return noReply();
    this.state.children.set(shard, new SupervisedChild(completeChildSpec(this.#childOn(shard))));
    const { value: started } = (await super.handleCall(["restart_child", shard])) as {
      readonly value: { readonly ok: boolean; readonly reason?: unknown };
    };
    if (!started.ok) {
      this.state.children.delete(shard);
      runtime.logger.error(
        { shard, reason: started.reason },
        `What runs on every shard did not start on ${shard}`,
      );
      this.self.sendAfter(RETRY_MS, this.self.pid, { type: "shard_up", shard } satisfies ShardMessage);
    }
    return noReply();
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
