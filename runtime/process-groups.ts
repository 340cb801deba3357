import { runtimeError } from "./errors.ts";
import { onProcessExit } from "./exit-hook.ts";
import { GenServer } from "./gen-server.ts";
import { expectSelf, type Origin, resolveOrigin } from "./origin.ts";
import { Pid } from "./pid.ts";
import { Ref } from "./ref.ts";
import { type Ok, ok } from "./returns.ts";
import { RowIndex } from "./row-index.ts";
import type { Self } from "./self.ts";
import { serverInstance } from "./server-instance.ts";
import { Replicas } from "./shards/replicas.ts";
import { termKey } from "./term-key.ts";
import { uninterrupted } from "./uninterrupted.ts";

/** What a monitor of groups finds in its mailbox: `{Ref, join | leave, Group, Pids}`. */
export type GroupMessage = readonly [
  ref: Ref,
  change: "join" | "leave",
  group: unknown,
  pids: readonly Pid[],
];

interface Membership {
  readonly group: unknown;
  /** Equal for equal groups. */
  readonly groupId: unknown;
  readonly pid: Pid;
}

/** What a scope tells those on other shards; the group stands beside it. */
type Change = readonly [change: "join" | "leave", pids: readonly Pid[]] | readonly [change: "exit", pid: Pid];

interface GroupMonitor {
  readonly ref: Ref;
  readonly watcher: Pid;
  /** Undefined: all groups. */
  readonly groupId: unknown;
  readonly whole: boolean;
  readonly forgetWatcher: () => void;
}

/**
 * Named groups of processes: `pg`. Start one in a tree under the name of the scope. A process may be a member of many groups, and of
 * one group many times; its memberships end with it. A group without members does not exist.
 *
 * In a runtime with several shards, start one on each of them, by `EveryShard` and under a name that is each shard's own
 * (`nameScope: "shard"`): a process joins on its own shard, and is seen on all. Joining and leaving is seen at once on the own
 * shard, elsewhere a moment later, but before anything that the process sends there afterwards. A shard that is gone takes its
 * memberships along, and so does a scope that ends: who was a member there joins its successor anew, as with `pg`.
 *
 * @example
 * ```ts doctest
 * await runtime.start(ProcessGroups, undefined, { name: "workers" });
 * ProcessGroups.join(self, "workers", "resize", self.pid);
 * ProcessGroups.members(self, "workers", "resize").length; // => 1
 * ```
 */
export class ProcessGroups extends GenServer<undefined> {
  static override readonly module: string = import.meta.url;

  #replicas: Replicas | undefined;
  readonly #byGroup = new RowIndex<Membership>();
  readonly #byPid = new RowIndex<Membership>();
  readonly #monitors = new Map<Ref, GroupMonitor>();
  readonly #watched = new Set<Pid>();

  init(_arg: undefined): Ok<undefined> {
    this.#replicas = Replicas.of(this.self, "ProcessGroups", {
      own: () => [...this.#of(this.self.pid.shard)],
      came: (_shard, all) => {
        for (const [group, pids] of all as [unknown, Pid[]][]) this.#changed(["join", pids], group);
      },
      changed: (_shard, change, group) => this.#changed(change as Change, group),
      left: (shard) => {
        for (const [group, pids] of this.#of(shard)) this.#changed(["leave", pids], group);
      },
    });
    return ok(undefined);
  }

  /**
   * Adds one membership for each pid that is alive. Throws ROOKERY_BADARG for a process of another shard, and
   * ROOKERY_NOT_COPYABLE for a group that other shards can't be told of. `pg:join/3`.
   */
  static join(origin: Origin, scope: string, group: unknown, pids: Pid | readonly Pid[]): void {
    const groups = instanceOf(origin, scope);
    const alive = groups.#locals(pids).filter((pid) => pid.process !== undefined);
    if (alive.length === 0) return;
    // One without the other would be left when its process stalls there.
    uninterrupted(groups.self.runtime, () => {
      groups.#replicas?.tell(["join", alive] satisfies Change, group);
      for (const pid of alive) groups.#joinLocal(group, pid);
      groups.#tell("join", group, alive);
    });
  }

  /** Takes away one membership for each pid; false if none of them was a member. `pg:leave/3`. */
  static leave(origin: Origin, scope: string, group: unknown, pids: Pid | readonly Pid[]): boolean {
    const groups = instanceOf(origin, scope);
    const locals = groups.#locals(pids);
    return uninterrupted(groups.self.runtime, () => {
      const left = locals.filter((pid) => groups.#leave(group, pid));
      if (left.length === 0) return false;
      groups.#replicas?.tell(["leave", left] satisfies Change, group);
      groups.#tell("leave", group, left);
      return true;
    });
  }

  /** The members, one entry for each membership, in the order of joining. `pg:get_members/2`. */
  static members(origin: Origin, scope: string, group: unknown): Pid[] {
    return instanceOf(origin, scope).#members(group);
  }

  /** The members on this shard. `pg:get_local_members/2`. */
  static localMembers(origin: Origin, scope: string, group: unknown): Pid[] {
    const { shard } = instanceOf(origin, scope).self.pid;
    return ProcessGroups.members(origin, scope, group).filter((pid) => pid.shard === shard);
  }

  /** The groups that have members. `pg:which_groups/1`. */
  static groups(origin: Origin, scope: string): unknown[] {
    return [...instanceOf(origin, scope).#all().keys()];
  }

  /** The groups that have members on this shard. `pg:which_local_groups/1`. */
  static localGroups(origin: Origin, scope: string): unknown[] {
    const groups = instanceOf(origin, scope);
    return [...groups.#of(groups.self.pid.shard).keys()];
  }

  /** From now on the calling process gets a GroupMessage when members join or leave the group. Answers who they are now. `pg:monitor/2`. */
  static monitor(
    self: Self,
    scope: string,
    group: unknown,
  ): { readonly ref: Ref; readonly members: readonly Pid[] } {
    const groups = instanceOf(expectSelf(self), scope);
    return { ref: groups.#monitor(self, termKey(group), false), members: groups.#members(group) };
  }

  /** The same for all groups of the scope. `pg:monitor_scope/1`. */
  static monitorScope(
    self: Self,
    scope: string,
  ): { readonly ref: Ref; readonly groups: ReadonlyMap<unknown, readonly Pid[]> } {
    const groups = instanceOf(expectSelf(self), scope);
    return { ref: groups.#monitor(self, undefined, true), groups: groups.#all() };
  }

  /**
   * Ends a monitor, whoever made it, and removes its messages from the mailbox of the caller; false if it is no monitor (any more).
   * `pg:demonitor/2`.
   */
  static demonitor(self: Self, scope: string, ref: Ref): boolean {
    const groups = instanceOf(expectSelf(self), scope);
    if (!(ref instanceof Ref)) throw runtimeError("ROOKERY_BADARG", "a reference", ref);
    const monitor = groups.#monitors.get(ref);
    if (monitor === undefined) return false;
    monitor.forgetWatcher();
    groups.#monitors.delete(ref);
    const { mailbox } = resolveOrigin(self).process!;
    for (let index = mailbox.length - 1; index >= 0; index -= 1) {
      const message = mailbox.messageAt(index);
      if (Array.isArray(message) && message[0] === ref) mailbox.removeAt(index);
    }
    mailbox.saved = 0;
    return true;
  }

  #changed([what, who]: Change, group: unknown): void {
    if (what === "exit") {
      this.#removeAll(who);
      return;
    }
    for (const pid of who) {
      if (what === "join") this.#join(group, pid);
      else this.#leave(group, pid);
    }
    this.#tell(what, group, who);
  }

  #join(group: unknown, pid: Pid): void {
    const membership: Membership = { group, groupId: termKey(group), pid };
    this.#byGroup.add(membership.groupId, membership);
    this.#byPid.add(pid, membership);
  }

  #joinLocal(group: unknown, pid: Pid): void {
    this.#join(group, pid);
    if (this.#watched.has(pid)) return;
    this.#watched.add(pid);
    onProcessExit(pid, () => this.#forget(pid));
  }

  #leave(group: unknown, pid: Pid): boolean {
    const groupId = termKey(group);
    const membership = this.#byPid.get(pid).find((own) => own.groupId === groupId);
    if (membership === undefined) return false;
    this.#delete(membership);
    return true;
  }

  #forget(pid: Pid): void {
    this.#watched.delete(pid);
    if (this.#byPid.has(pid)) this.#replicas?.tell(["exit", pid] satisfies Change, undefined);
    this.#removeAll(pid);
  }

  #removeAll(pid: Pid): void {
    for (const membership of this.#byPid.get(pid)) {
      this.#delete(membership);
      this.#tell("leave", membership.group, [pid]);
    }
  }

  #delete(membership: Membership): void {
    this.#byGroup.delete(membership.groupId, membership);
    this.#byPid.delete(membership.pid, membership);
  }

  #members(group: unknown): Pid[] {
    return this.#byGroup.get(termKey(group)).map(({ pid }) => pid);
  }

  #all(): Map<unknown, Pid[]> {
    return byGroup(this.#byGroup.all());
  }

  /** The groups with members on one shard, and those members. */
  #of(shard: number): Map<unknown, Pid[]> {
    return byGroup([...this.#byGroup.all()].filter(({ pid }) => pid.shard === shard));
  }

  /** Processes of other shards are members where they live, `pg`'s `nolocal`. */
  #locals(pids: Pid | readonly Pid[]): readonly Pid[] {
    const list = listed(pids);
    const other = list.find((pid) => pid.shard !== this.self.pid.shard);
    if (other !== undefined) throw runtimeError("ROOKERY_BADARG", "processes of this shard", other);
    return list;
  }

  #monitor(self: Self, groupId: unknown, whole: boolean): Ref {
    const ref = new Ref();
    const forgetWatcher = onProcessExit(self.pid, () => this.#monitors.delete(ref));
    this.#monitors.set(ref, { ref, watcher: self.pid, groupId, whole, forgetWatcher });
    return ref;
  }

  #tell(change: "join" | "leave", group: unknown, pids: readonly Pid[]): void {
    if (pids.length === 0 || this.#monitors.size === 0) return;
    const groupId = termKey(group);
    for (const { ref, watcher, whole, groupId: watched } of this.#monitors.values()) {
      const message: GroupMessage = [ref, change, group, pids];
      if (whole || watched === groupId) this.self.send(watcher, message);
    }
  }
}

function byGroup(memberships: Iterable<Membership>): Map<unknown, Pid[]> {
  const groups = Map.groupBy(memberships, ({ groupId }) => groupId);
  return new Map(Array.from(groups.values(), (own) => [own[0]!.group, own.map(({ pid }) => pid)] as const));
}

function listed(pids: Pid | readonly Pid[]): readonly Pid[] {
  const list: readonly Pid[] = pids instanceof Pid ? [pids] : pids;
  const wrong = Array.isArray(list) ? list.findIndex((pid) => !(pid instanceof Pid)) : -1;
  if (!Array.isArray(list) || wrong >= 0)
    throw runtimeError("ROOKERY_BADARG", "a pid, or a list of pids", wrong >= 0 ? list[wrong] : list);
  return list;
}

function instanceOf(origin: Origin, scope: string): ProcessGroups {
  const groups = serverInstance(origin, scope, ProcessGroups);
  if (groups === undefined) throw runtimeError("ROOKERY_NO_REGISTRY", "ProcessGroups", scope);
  return groups;
}
