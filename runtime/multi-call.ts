import { expectTimeout } from "./argument.ts";
import { call } from "./call.ts";
import { ExitError, runtimeError } from "./errors.ts";
import type { Process } from "./process.ts";
import { cast } from "./send.ts";
import type { Shard } from "./shard.ts";

/** What `multiCall` came to: who replied what, and the nodes from which no reply came. */
export interface MultiCallResult<Reply = unknown> {
  readonly replies: readonly (readonly [node: string, reply: Reply])[];
  readonly badNodes: readonly string[];
}

/**
 * Calls the server `name` on each of `nodes` at the same time: `gen_server:multi_call/4`. Never fails for a server that is not
 * there, dies or is too slow, or whose node can't be reached; its node is a bad one then.
 */
export async function multiCall(
  shard: Shard,
  caller: Process | undefined,
  nodes: readonly string[],
  name: string,
  request: unknown,
  timeoutMs: number,
): Promise<MultiCallResult> {
  expectServers(nodes, name);
  expectTimeout(timeoutMs);
  const calls = nodes.map((node) => {
    const dest = node === shard.runtime.node ? name : { name, node };
    return call(shard, caller, dest, request, timeoutMs).then(
      (reply) => [node, reply] as const,
      (error: unknown) => {
        // That it can't be sent is no matter of the node.
        if (!(error instanceof ExitError)) throw error;
        return undefined;
      },
    );
  });
  const answers = await Promise.all(calls);
  return {
    replies: answers.filter((answer) => answer !== undefined),
    badNodes: nodes.filter((_, index) => answers[index] === undefined),
  };
}

/** Casts to the server `name` on each of `nodes`: `gen_server:abcast/3`. Never fails, whoever is there or not. */
export function abcast(shard: Shard, nodes: readonly string[], name: string, request: unknown): void {
  expectServers(nodes, name);
  for (const node of nodes) cast(shard, { name, node }, request);
}

function expectServers(nodes: unknown, name: unknown): void {
  if (!Array.isArray(nodes)) throw runtimeError("ROOKERY_BADARG", "a list of nodes", nodes);
  if (typeof name !== "string") throw runtimeError("ROOKERY_BADARG", "the name of a server", name);
}
