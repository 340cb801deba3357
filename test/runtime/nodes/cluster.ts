import { type Pid, type Runtime, type Self, silentLogger } from "../../../runtime/index.ts";
import { LoopNodes, runInProcess, type Simulation, simulate } from "../../../runtime/testing.ts";
import { withSeed } from "../../../runtime/simulation.ts";
import { type Doer, startDoer } from "../doer.ts";

export const A = "a@test";
export const B = "b@test";
export const C = "c@test";

const RESTARTED = 1_000;

/** Several nodes, each a simulation of its own. */
export class Cluster {
  readonly loop: LoopNodes = new LoopNodes();
  readonly nodes: Record<string, Simulation> = {};
  readonly #seed: number;
  readonly #shards: number;

  constructor(seed: number, shards: number) {
    this.#seed = seed;
    this.#shards = shards;
  }

  async start(node: string): Promise<Simulation> {
    const simulation = await simulate({
      // One that is started again is another one than before.
      seed: this.#seed + (node in this.nodes ? RESTARTED : 0),
      shards: this.#shards,
      logger: silentLogger,
      node,
      nodes: this.loop.carrier(),
    });
    this.nodes[node] = simulation;
    return simulation;
  }

  /** The first shard of that node, or the one with that place, if there are so many. */
  runtime(node: string, place = 0): Runtime {
    const { runtimes } = this.nodes[node]!;
    return runtimes[place % runtimes.length]!;
  }

  /** Runs all of them until everything waits. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.loop.sent;) {
      before = this.loop.sent;
      for (const simulation of Object.values(this.nodes)) await simulation.settle();
    }
  }

  /** Runs `body` in a process of that node, until everything waits. */
  async run<Value>(node: string, body: (self: Self) => Value | Promise<Value>, place = 0): Promise<Value> {
    const done = runInProcess(this.runtime(node, place), body);
    // A failure is for who awaits this, after everything has settled.
    done.catch(() => {});
    await this.settle();
    return await done;
  }

  /** `value` as it arrives on the shard of another node when a process sends it there. */
  async sent<Value>(
    value: Value,
    from: readonly [string, number],
    to: readonly [string, number],
  ): Promise<Value> {
    let arrived: unknown;
    this.runtime(...to).spawn(async (self) => {
      self.register("receiver of what is sent");
      arrived = await self.receive();
    });
    await this.settle();
    this.runtime(...from).send({ name: "receiver of what is sent", node: to[0] }, value);
    await this.settle();
    return arrived as Value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const simulation of Object.values(this.nodes)) await simulation[Symbol.asyncDispose]();
  }
}

/** Runs `property` with the nodes a, b and c, of one and of three shards, in several orders of turns. */
export async function acrossNodes(property: (cluster: Cluster) => Promise<void>, runs = 5): Promise<void> {
  for (const shards of [1, 3]) {
    for (let seed = 1; seed <= runs; seed += 1) {
      await using cluster = new Cluster(seed, shards);
      for (const node of [A, B, C]) await cluster.start(node);
      await cluster.settle();
      try {
        await property(cluster);
      } catch (failure) {
        throw withSeed(seed, failure);
      }
    }
  }
}

export function doer(
  cluster: Cluster,
  node: string,
  { place, ...options }: { readonly place?: number; readonly trap?: boolean; readonly name?: string } = {},
): Doer {
  return startDoer(cluster.runtime(node, place), options);
}

/** A doer on each of two nodes, on their last shards, and their pids as the other one knows them. */
export async function doers(
  cluster: Cluster,
  options: { readonly trap?: boolean } = {},
): Promise<{ near: Doer; far: Doer; nearThere: Pid; farHere: Pid }> {
  const near = doer(cluster, A, { place: 2, ...options });
  const far = doer(cluster, B, { place: 1, ...options });
  const nearThere = await cluster.sent(near.pid, [A, 2], [B, 1]);
  const farHere = await cluster.sent(far.pid, [B, 1], [A, 2]);
  return { near, far, nearThere, farHere };
}
