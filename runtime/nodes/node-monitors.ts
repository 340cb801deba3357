import { onProcessExit } from "../exit-hook.ts";
import type { Pid } from "../pid.ts";

/** What `monitorNode` and `monitorNodes` leave in the mailbox: `{nodeup, Node}` and `{nodedown, Node}`. */
export interface NodeMessage {
  readonly type: "nodeup" | "nodedown";
  readonly node: string;
}

/** What one process wants to hear, and how often it has said so. */
interface Watcher {
  readonly nodes: Map<string, number>;
  all: number;
  readonly forget: () => void;
}

/** Who on a shard hears of nodes that come and go. */
export class NodeMonitors {
  readonly #watchers = new Map<Pid, Watcher>();

  /** `monitor_node/2`: one message for each time it was asked for, when the node is gone; `connected`: whether it is there now. */
  watchNode(pid: Pid, node: string, flag: boolean, connected: boolean): void {
    if (flag && !connected) return tell(pid, "nodedown", node, 1);
    const nodes = flag ? this.#watcher(pid).nodes : this.#watchers.get(pid)?.nodes;
    const count = (nodes?.get(node) ?? 0) + (flag ? 1 : -1);
    if (count > 0) nodes!.set(node, count);
    else nodes?.delete(node);
    this.#forgetIfIdle(pid);
  }

  /** `net_kernel:monitor_nodes/1`: one message for each time it was asked for, until it is no longer wanted at all. */
  watchNodes(pid: Pid, flag: boolean): void {
    if (flag) this.#watcher(pid).all += 1;
    else {
      const watcher = this.#watchers.get(pid);
      if (watcher !== undefined) watcher.all = 0;
      this.#forgetIfIdle(pid);
    }
  }

  nodeUp(node: string): void {
    for (const [pid, { all }] of this.#watchers) tell(pid, "nodeup", node, all);
  }

  nodeDown(node: string): void {
    for (const [pid, { nodes, all }] of this.#watchers) {
      tell(pid, "nodedown", node, (nodes.get(node) ?? 0) + all);
      nodes.delete(node);
      this.#forgetIfIdle(pid);
    }
  }

  #watcher(pid: Pid): Watcher {
    let watcher = this.#watchers.get(pid);
    if (watcher === undefined) {
      const forget = onProcessExit(pid, () => this.#watchers.delete(pid));
      watcher = { nodes: new Map(), all: 0, forget };
      this.#watchers.set(pid, watcher);
    }
    return watcher;
  }

  #forgetIfIdle(pid: Pid): void {
    const watcher = this.#watchers.get(pid);
    if (watcher === undefined || watcher.all > 0 || watcher.nodes.size > 0) return;
    watcher.forget();
    this.#watchers.delete(pid);
  }
}

function tell(pid: Pid, type: NodeMessage["type"], node: string, times: number): void {
  for (let time = 0; time < times; time += 1)
    pid.process?.deliver(undefined, { type, node } satisfies NodeMessage);
}
