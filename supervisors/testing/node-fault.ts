import { expectDuration } from "../../runtime/internal.ts";
import type { LoopNodes } from "../../runtime/testing.ts";
import type { Fault } from "./fault.ts";
import { dropToNode } from "./line-harm.ts";

/** Two nodes don't reach each other for `ms`: both hear of it, and of it when they do again. */
export function partition(nodes: LoopNodes, ms: number): Fault {
  return between(nodes, `partition for ${ms} ms`, ms, "partition", "heal");
}

/** What two nodes send to each other waits up to `ms`, in its order, and neither hears of it. */
export function delayNodes(nodes: LoopNodes, ms: number): Fault {
  return between(nodes, `nodes delayed for ${ms} ms`, ms, "hold", "release");
}

/**
 * For `ms`, messages, casts and calls of this node to processes of another one are lost. Signals of the runtime (exits, links, monitors) and replies
 * never are. A call that is lost times out.
 */
export function dropToNodes(ms: number): Fault {
  expectDuration(ms);
  return {
    name: `drop to nodes for ${ms} ms`,
    needs: "other nodes",
    targets: ({ runtime }) => runtime.nodes(),
    inflict({ runtime, simulation }, target) {
      for (const home of simulation?.runtimes ?? [runtime]) dropToNode(home, target, ms);
    },
  };
}

type Pairwise = "partition" | "heal" | "hold" | "release";

function between(nodes: LoopNodes, name: string, ms: number, begin: Pairwise, end: Pairwise): Fault {
  expectDuration(ms);
  const pairs = (): (readonly [string, string])[] => {
    const names = nodes.names.toSorted();
    return names.flatMap((one, at) => names.slice(at + 1).map((other) => [one, other] as const));
  };
  return {
    name,
    needs: "two nodes",
    targets: () => pairs().map((pair) => pair.join(" | ")),
    inflict({ runtime }, target) {
      const pair = pairs().find((names) => names.join(" | ") === target);
      if (pair === undefined) return;
      nodes[begin](...pair);
      runtime.clock.setTimer(ms, () => nodes[end](...pair));
    },
  };
}
