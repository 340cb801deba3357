import { type Pid, type Self, silentLogger } from "../../../runtime/index.ts";
import {
  type PropertyOptions,
  runInProcess,
  type Simulation,
  simulateEach,
} from "../../../runtime/testing.ts";
import { type Doer, startDoer } from "../doer.ts";

/** Runs `property` with three shards and several orders of turns. */
export function acrossShards(
  property: (simulation: Simulation) => Promise<void>,
  options: Partial<PropertyOptions> = {},
): Promise<void> {
  return simulateEach({ runs: 20, shards: 3, logger: silentLogger, ...options }, property);
}

/** Runs `body` in a process of the shard `place`, until everything waits. */
export async function runOn<Value>(
  simulation: Simulation,
  place: number,
  body: (self: Self) => Value | Promise<Value>,
): Promise<Value> {
  const done = runInProcess(simulation.runtimes[place]!, body);
  // A failure is for who awaits this, after everything has settled.
  done.catch(() => {});
  await simulation.settle();
  return await done;
}

/** `value` as it arrives on the shard `to` when a process of the shard `from` sends it there. */
export async function sent<Value>(
  simulation: Simulation,
  from: number,
  to: number,
  value: Value,
): Promise<Value> {
  let arrived: unknown;
  simulation.runtimes[to]!.spawn(async (self) => {
    self.register("receiver of what is sent");
    arrived = await self.receive();
  });
  await simulation.settle();
  simulation.runtimes[from]!.send("receiver of what is sent", value);
  await simulation.settle();
  return arrived as Value;
}

export function doerOn(simulation: Simulation, place: number, options?: { readonly trap?: boolean }): Doer {
  return startDoer(simulation.runtimes[place]!, options);
}

/** A doer on shard 0 and one on shard 1, each with the pid of the other as it is known there. */
export async function doers(
  simulation: Simulation,
  options: { readonly trap?: boolean } = {},
): Promise<{ near: Doer; far: Doer; nearThere: Pid; farHere: Pid }> {
  const near = doerOn(simulation, 0, options);
  const far = doerOn(simulation, 1, options);
  const nearThere = await sent(simulation, 0, 1, near.pid);
  const farHere = await sent(simulation, 1, 0, far.pid);
  return { near, far, nearThere, farHere };
}
