import { runtimeError } from "./errors.ts";
import { onProcessExit } from "./exit-hook.ts";
import { GenServer } from "./gen-server.ts";
import type { Origin } from "./origin.ts";
import type { Pid } from "./pid.ts";
import { type Ok, ok } from "./returns.ts";
import { serverInstance } from "./server-instance.ts";

/**
 * Named groups of processes: `pg`. Start one in a tree under the name of the scope. A process may be a member of many groups, and of
 * one group many times; its memberships end with it. A group without members does not exist.
 *
 * @example
 * ```ts doctest
 * await runtime.start(ProcessGroups, undefined, { name: "workers" });
 * ProcessGroups.join(self, "workers", "resize", self.pid);
 * ProcessGroups.members(self, "workers", "resize").length; // => 1
 * ```
 */
export class ProcessGroups extends GenServer<undefined> {
  readonly #members = new Map<unknown, Pid[]>();
  readonly #watched = new Set<Pid>();

  init(_arg: undefined): Ok<undefined> {
    return ok(undefined);
  }

  /** Adds one membership for each pid. `pg:join/3`. */
  static join(origin: Origin, scope: string, group: unknown, pids: Pid | readonly Pid[]): void {
    const groups = instanceOf(origin, scope);
    for (const pid of listed(pids)) groups.#join(group, pid);
  }

  /** Takes away one membership for each pid; false if none of them was a member. `pg:leave/3`. */
  static leave(origin: Origin, scope: string, group: unknown, pids: Pid | readonly Pid[]): boolean {
    const groups = instanceOf(origin, scope);
    return listed(pids)
      .map((pid) => groups.#leave(group, pid))
      .includes(true);
  }

  /** The members, one entry for each membership. `pg:get_members/2`. */
  static members(origin: Origin, scope: string, group: unknown): Pid[] {
    return [...(instanceOf(origin, scope).#members.get(group) ?? [])];
  }

  /** The groups that have members. `pg:which_groups/1`. */
  static groups(origin: Origin, scope: string): unknown[] {
    return [...instanceOf(origin, scope).#members.keys()];
  }

  #join(group: unknown, pid: Pid): void {
    if (pid.process === undefined) return;
    const members = this.#members.get(group);
    if (members === undefined) this.#members.set(group, [pid]);
    else members.push(pid);
    if (this.#watched.has(pid)) return;
    this.#watched.add(pid);
    onProcessExit(pid, () => this.#forget(pid));
  }

  #leave(group: unknown, pid: Pid): boolean {
    const members = this.#members.get(group) ?? [];
    const at = members.indexOf(pid);
    if (at < 0) return false;
    members.splice(at, 1);
    if (members.length === 0) this.#members.delete(group);
    return true;
  }

  #forget(pid: Pid): void {
    this.#watched.delete(pid);
    for (const group of this.#members.keys()) while (this.#leave(group, pid)) continue;
  }
}

function listed(pids: Pid | readonly Pid[]): readonly Pid[] {
  return Array.isArray(pids) ? pids : [pids as Pid];
}

function instanceOf(origin: Origin, scope: string): ProcessGroups {
  const groups = serverInstance(origin, scope, ProcessGroups);
  if (groups === undefined) throw runtimeError("ROOKERY_NO_REGISTRY", "ProcessGroups", scope);
  return groups;
}
