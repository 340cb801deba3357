import { Pid } from "../../runtime/index.ts";
import { type Process, residentOf } from "../../runtime/internal.ts";
import { supervisionOf } from "../../supervisors/internal.ts";
import { labelOf } from "./process-page.ts";
import { shownInLine } from "./shown.ts";

export const CHILDREN_MAX = 100;
const ID_MAX = 60;

/** A process of a supervision tree, or one that is missing there. */
export interface TreeNode {
  /** Undefined while the child has none. */
  readonly pid: string | undefined;
  readonly id: string;
  readonly type: "supervisor" | "worker";
  readonly state: "running" | "restarting" | "stopped";
  readonly behaviour: string;
  readonly restarts: number;
}

/** A supervisor with the first of those whom it supervises. */
export interface TreeBranch {
  readonly pid: string;
  readonly strategy: string;
  readonly count: number;
  readonly children: readonly TreeNode[];
}

/** The root of a tree, as it stands above it. */
export function rootNode(process: Process): TreeNode {
  const { name, pid } = process;
  const behaviour = process.behaviour.describe(process);
  return {
    pid: String(pid),
    id: name ?? labelOf(process) ?? behaviour,
    type: "supervisor",
    state: "running",
    behaviour,
    restarts: 0,
  };
}

/** Up to `max` children of a supervisor of this shard; undefined for any other process. Sends it nothing: it may be busy. */
export function branchOf(process: Process, max: number): TreeBranch | undefined {
  const supervision = supervisionOf(process.instance);
  if (supervision === undefined) return undefined;
  const children: TreeNode[] = [];
  for (const { id, pid, type, modules, restarts } of supervision.children()) {
    if (children.length === max) break;
    const running = pid instanceof Pid;
    children.push({
      pid: running ? String(pid) : undefined,
      id: idText(id, pid),
      type,
      state: running ? "running" : pid === undefined ? "stopped" : "restarting",
      behaviour: modules.join(", ").slice(0, ID_MAX),
      restarts,
    });
  }
  return { pid: String(process.pid), strategy: supervision.strategy, count: supervision.count, children };
}

/** Children of one kind have mostly the same id, or none: then what they call themselves says more. */
function idText(id: unknown, pid: unknown): string {
  const process = pid instanceof Pid ? residentOf(pid) : undefined;
  const own = process?.name ?? (process === undefined ? undefined : labelOf(process));
  const text = typeof id === "string" ? id : id === undefined ? "" : shownInLine(id, ID_MAX);
  return (text === "" ? (own ?? "") : text).slice(0, ID_MAX);
}
