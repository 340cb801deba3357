import { expectFunction, expectOptions, expectPid } from "./argument.ts";
import type { From } from "./call.ts";
import type { Via, ViaHome, ViaName } from "./dest.ts";
import { DownMessage } from "./down-message.ts";
import { brief, runtimeError } from "./errors.ts";
import { onProcessExit } from "./exit-hook.ts";
import { GenServer } from "./gen-server.ts";
import { link } from "./link.ts";
import { expectSelf, type Origin } from "./origin.ts";
import type { Pid } from "./pid.ts";
import { residentOf } from "./process.ts";
import type { Ref } from "./ref.ts";
import { RegistryClaims } from "./registry-claims.ts";
import { LockRequest, RegistryLocks } from "./registry-locks.ts";
import { type NoReply, noReply, type Ok, ok } from "./returns.ts";
import { RowIndex } from "./row-index.ts";
import type { Self } from "./self.ts";
import { namedInstance, serverInstance } from "./server-instance.ts";
import { placeOf } from "./shards/shard-setup.ts";
import { letCross } from "./shards/crossing-name.ts";
import { Replicas } from "./shards/replicas.ts";
import { termKey } from "./term-key.ts";
import { uninterrupted } from "./uninterrupted.ts";

/** What a Registry is started with: the options of `Registry.start_link/1`. */
export interface RegistryOptions {
  /** `unique`: a key has one holder. `duplicate`: many, and a process may hold a key many times. */
  readonly keys: "unique" | "duplicate";
  /**
   * A duplicate registry dispatches to the holders of a key in so many groups, by pid. Default: 1. One process serves them all:
   * where nobody locks, partitions make nothing faster.
   */
  readonly partitions?: number;
  /**
   * `runtime`: the registries of this name on all shards are one. `shard`: each is for its own shard, and its values can be what can't
   * be copied. Default: `runtime`, for what a node is in Elixir is the runtime here.
   */
  readonly scope?: "runtime" | "shard";
  /** Names of processes that are told of `["register", registry, key, pid, value]` and `["unregister", registry, key, pid]`. */
  readonly listeners?: readonly string[];
  /** What `Registry.meta` answers at first. */
  readonly meta?: Iterable<readonly [key: unknown, value: unknown]>;
}

/** A holder of a key, and the value it registered: an entry of `Registry.lookup/2`. */
export interface RegistryEntry {
  readonly pid: Pid;
  readonly value: unknown;
}

/** A registration, with its key: a row of `Registry.select/2`. */
export interface RegistryRow extends RegistryEntry {
  readonly key: unknown;
}

/** What `Registry.register` answers: the process that owns the registration, or who has the key. `Registry.register/3`. */
export type RegisterResult =
  | { readonly ok: true; readonly owner: Pid }
  | { readonly ok: false; readonly reason: readonly ["already_registered", Pid] };

interface Row {
  readonly key: unknown;
  /** Equal for equal keys. */
  readonly keyId: unknown;
  readonly pid: Pid;
  /** Tells apart the rows of one process. */
  readonly id: number;
  value: unknown;
}

/** What a registry tells those on other shards; the key and the value stand beside it. */
type Change =
  | readonly [change: "register" | "update", pid: Pid, id: number]
  | readonly [change: "unregister", pid: Pid, ids: readonly number[]]
  | readonly [change: "exit", pid: Pid];

type RegistryRequest = readonly ["lock", key: unknown, pid: Pid];

type Accepts = (value: unknown) => boolean;

/**
 * A decentralised key-value store of processes: Elixir's `Registry`. Start it in a tree under a name; then any process
 * may register itself under keys, look keys up, and dispatch to them, all directly, without a message. A process's
 * entries are gone when it has exited: whoever hears of its death no longer finds them. Holders are linked to the
 * registry, so when it dies they die, and register anew when they are started again. Keys that are arrays or plain
 * objects are equal when their contents are.
 *
 * In a runtime with several shards, start one on each of them, by `EveryShard` and under a name that is each shard's own
 * (`nameScope: "shard"`): together they are one. A process registers on its own shard. A unique key has at most one holder in the
 * whole runtime at any time, however many shards ask for it at once, and `via` names lead there at once from everywhere. What
 * lookups see of other shards is at most a moment old: an entry is there before anything that its process sends there
 * after it has registered, and gone before anybody there is told of its death. Keys and values are copied to the other shards;
 * what can't be is refused: ROOKERY_NOT_COPYABLE. `meta` and `partitions` are each shard's own, and listeners are told on
 * the shard where a process registers. With a registry, or a shard, go the entries that were made there.
 *
 * @example
 * ```ts doctest
 * await runtime.start(Registry, { keys: "unique" }, { name: "rooms" });
 * Registry.register(self, "rooms", "lobby", { open: true });
 * Registry.lookup(self, "rooms", "lobby").map((entry) => entry.value); // => [{ open: true }]
 * ```
 */
export class Registry extends GenServer<Required<RegistryOptions>, RegistryRequest> {
  static override readonly module: string = import.meta.url;

  #replicas: Replicas | undefined;
  #claims: RegistryClaims | undefined;
  #lastRow = 0;
  readonly #byKey = new RowIndex<Row>();
  readonly #byPid = new RowIndex<Row>();
  /** Removes the exit hook of a holder. */
  readonly #unwatch = new Map<Pid, () => void>();
  readonly #meta = new Map<unknown, unknown>();
  #locks!: RegistryLocks;
  #count = 0;

  init(options: RegistryOptions): Ok<Required<RegistryOptions>> {
    const complete = completeOptions(options);
    for (const [key, value] of complete.meta) this.#meta.set(key, value);
    // Linked to every holder, it must outlive them.
    this.self.trapExit(true);
    this.#locks = new RegistryLocks(this.self);
    if (complete.scope === "runtime") this.#meetOthers(complete);
    return ok(complete);
  }

  #meetOthers({ keys }: RegistryOptions): void {
    this.#replicas = Replicas.of(this.self, "Registry", {
      own: () =>
        [...this.#byKey.all()]
          .filter(({ pid }) => pid.shard === this.self.pid.shard)
          .map(({ pid, id, key, value }) => [pid, id, key, value]),
      came: (_shard, all) => {
        for (const [pid, id, key, value] of all as [Pid, number, unknown, unknown][])
          this.#changed(["register", pid, id], { key, value });
      },
      changed: (_shard, change, body) => this.#changed(change as Change, body),
      left: (shard) => {
        const lost = Array.from(this.#byKey.all()).filter(({ pid }) => pid.shard === shard);
        for (const row of lost) this.#remove(row);
      },
    });
    if (this.#replicas === undefined) return;
    if (keys === "unique") this.#claims = RegistryClaims.of(this.self);
    // Holders that trap exits outlive the registry: what they held is free all the same.
    onProcessExit(this.self.pid, () => {
      for (const [pid, unwatch] of this.#unwatch) {
        unwatch();
        for (const row of this.#byPid.get(pid)) this.#remove(row);
      }
    });
  }

  override handleCall(request: RegistryRequest, from: From): NoReply {
    if (!Array.isArray(request) || request[0] !== "lock")
      throw runtimeError("ROOKERY_BADARG", "a use of Registry.lock", request);
    const [, key, pid] = request;
    this.#locks.ask(new LockRequest(termKey(key), pid), from);
    return noReply();
  }

  override handleInfo(message: unknown): NoReply {
    if (message instanceof DownMessage) this.#locks.giveBack(message.ref);
    else if (Array.isArray(message) && message[0] === "unlock") this.#locks.giveBack(message[1] as Ref);
    return noReply();
  }

  /** Registers the calling process under `key`. `Registry.register/3`. */
  static register(self: Self, registry: string, key: unknown, value?: unknown): RegisterResult {
    const table = instanceOf(expectSelf(self), registry);
    // Half an entry would be left when its process stalls there.
    return uninterrupted(self.runtime, () => table.#insert(registry, self.pid, key, value));
  }

  /** Removes the entries of the calling process under `key`. `Registry.unregister/2`. */
  static unregister(self: Self, registry: string, key: unknown): void {
    const table = instanceOf(expectSelf(self), registry);
    table.#unregister(self, key, () => true);
    table.#tell(["unregister", registry, key, self.pid]);
  }

  /**
   * The same for those entries whose value `accepts` accepts; listeners are told if none is left under the key.
   * `Registry.unregister_match/4`.
   */
  static unregisterMatch(self: Self, registry: string, key: unknown, accepts: Accepts): void {
    expectFunction("that accepts values", accepts);
    const table = instanceOf(expectSelf(self), registry);
    table.#unregister(self, key, accepts);
    if (table.#own(self.pid, key).length === 0) table.#tell(["unregister", registry, key, self.pid]);
  }

  /** The living holders of `key` and their values, in the order of their registration. `Registry.lookup/2`. */
  static lookup(origin: Origin, registry: string, key: unknown): RegistryEntry[] {
    return instanceOf(origin, registry).#byKey.get(termKey(key)).map(({ pid, value }) => ({ pid, value }));
  }

  /** The holders of `key` whose values `accepts` accepts. `Registry.match/4`. */
  static match(origin: Origin, registry: string, key: unknown, accepts: Accepts): RegistryEntry[] {
    expectFunction("that accepts values", accepts);
    return Registry.lookup(origin, registry, key).filter(({ value }) => accepts(value));
  }

  /** How many of the holders of `key` have a value that `accepts` accepts. `Registry.count_match/4`. */
  static countMatch(origin: Origin, registry: string, key: unknown, accepts: Accepts): number {
    return Registry.match(origin, registry, key, accepts).length;
  }

  /** The entries of all keys that `accepts` accepts. `Registry.select/2`. */
  static select(origin: Origin, registry: string, accepts: (row: RegistryRow) => boolean): RegistryRow[] {
    expectFunction("that accepts entries", accepts);
    const rows = Array.from(instanceOf(origin, registry).#byKey.all(), ({ key, pid, value }) => {
      return { key, pid, value };
    });
    return rows.filter(accepts);
  }

  /** How many entries `accepts` accepts. `Registry.count_select/2`. */
  static countSelect(origin: Origin, registry: string, accepts: (row: RegistryRow) => boolean): number {
    return Registry.select(origin, registry, accepts).length;
  }

  /** The keys under which `pid` is registered, once for each entry. `Registry.keys/2`. */
  static keys(origin: Origin, registry: string, pid: Pid): unknown[] {
    expectPid(pid);
    return instanceOf(origin, registry).#byPid.get(pid).map((row) => row.key);
  }

  /** The values of `pid` under `key`. `Registry.values/3`. */
  static values(origin: Origin, registry: string, key: unknown, pid: Pid): unknown[] {
    expectPid(pid);
    return instanceOf(origin, registry).#own(pid, key).map((row) => row.value);
  }

  /** How many entries there are. `Registry.count/1`. */
  static count(origin: Origin, registry: string): number {
    return instanceOf(origin, registry).#count;
  }

  /**
   * Replaces the value of the calling process under a unique key; undefined if it does not hold it. Throws ROOKERY_BADARG for a
   * duplicate registry. `Registry.update_value/3`.
   */
  static updateValue(
    self: Self,
    registry: string,
    key: unknown,
    update: (value: unknown) => unknown,
  ): { readonly newValue: unknown; readonly oldValue: unknown } | undefined {
    expectFunction("of the old value", update);
    const table = instanceOf(expectSelf(self), registry);
    table.#expectUnique(registry);
    const row = table.#own(self.pid, key)[0];
    if (row === undefined) return undefined;
    const oldValue = row.value;
    const newValue = update(oldValue);
    table.#replicas?.tell(["update", row.pid, row.id] satisfies Change, newValue);
    row.value = newValue;
    return { newValue: row.value, oldValue };
  }

  /**
   * Calls `dispatch` here, with the holders of `key`: once, or, with partitions, once for each partition that has some; not at
   * all if there are none. `Registry.dispatch/3`.
   */
  static dispatch(
    origin: Origin,
    registry: string,
    key: unknown,
    dispatch: (entries: readonly RegistryEntry[]) => void,
  ): void {
    expectFunction("to dispatch to entries", dispatch);
    const { partitions } = instanceOf(origin, registry).state;
    const entries = Registry.lookup(origin, registry, key);
    if (partitions === 1) {
      if (entries.length > 0) dispatch(entries);
      return;
    }
    for (const group of Map.groupBy(entries, ({ pid }) => pid.id % partitions).values()) dispatch(group);
  }

  /**
   * Calls `body` here while nobody else does under `key`, on whichever shard, and answers what it does; whoever else asks waits for its turn, in order. A
   * holder that throws or dies holds up nobody. These keys have nothing to do with those of registrations; a body that
   * asks for its own key waits for ever. `Registry.lock/3`.
   */
  static async lock<Value>(
    self: Self,
    registry: string,
    key: unknown,
    body: () => Value | Promise<Value>,
  ): Promise<Value> {
    expectFunction("to call with the lock", body);
    const keeper = instanceOf(expectSelf(self), registry).#lockKeeper();
    const ref = await self.call(keeper, ["lock", key, self.pid], Number.POSITIVE_INFINITY);
    try {
      return await body();
    } finally {
      self.send(keeper, ["unlock", ref]);
    }
  }

  /** The same for all shards: the registry of the first one that has one. */
  #lockKeeper(): Pid {
    let keeper: Pid = this.self.pid;
    for (const server of this.#replicas?.servers.values() ?? [])
      if (placeOf(server.shard) < placeOf(keeper.shard)) keeper = server;
    return keeper;
  }

  /** What `putMeta`, or the option `meta`, has left under `key`. `Registry.meta/2`. */
  static meta(
    origin: Origin,
    registry: string,
    key: unknown,
  ): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
    const meta = instanceOf(origin, registry).#meta;
    return meta.has(key) ? { ok: true, value: meta.get(key) } : { ok: false };
  }

  /** Keeps something with the registry itself, as long as it runs. `Registry.put_meta/3`. */
  static putMeta(origin: Origin, registry: string, key: unknown, value: unknown): void {
    instanceOf(origin, registry).#meta.set(key, value);
  }

  /** `Registry.delete_meta/2`. */
  static deleteMeta(origin: Origin, registry: string, key: unknown): void {
    instanceOf(origin, registry).#meta.delete(key);
  }

  /**
   * A name for a process, `{:via, Registry, {registry, key, value}}`: for the option `name` of a start, on any shard that has the
   * registry, and as a destination.
   */
  static via<S = unknown>(registry: string, key: unknown, value?: unknown): ViaName<S> {
    return { via: registryVia, key: { registry, key, value } satisfies ViaKey };
  }

  /** @internal */
  static registerVia(
    home: ViaHome,
    { registry, key, value }: ViaKey,
    pid: Pid,
  ): { ok: true } | { ok: false; holder: Pid } {
    const table = namedInstance(home, registry, Registry);
    if (table === undefined) throw runtimeError("ROOKERY_NO_REGISTRY", "Registry", registry);
    table.#expectUnique(registry);
    const result = table.#insert(registry, pid, key, value);
    return result.ok ? { ok: true } : { ok: false, holder: result.reason[1] };
  }

  /** @internal */
  static whereisVia(home: ViaHome, { registry, key }: ViaKey): Pid | undefined {
    const table = namedInstance(home, registry, Registry);
    if (table === undefined) return undefined;
    const known = table.#byKey.first(termKey(key))?.pid;
    return known?.process === undefined ? table.#claims?.holder(key) : known;
  }

  #insert(registry: string, pid: Pid, key: unknown, value: unknown): RegisterResult {
    const keyId = termKey(key);
    const holder = this.#byKey.first(keyId);
    // Of a holder on another shard, only the claims can say whether it still has the key.
    if (this.state.keys === "unique" && holder !== undefined && this.#isLocal(holder.pid)) {
      return { ok: false, reason: ["already_registered", holder.pid] };
    }
    // What the rest of a dead process does has no effect.
    if (pid.process === undefined) return { ok: true, owner: this.self.pid };
    const rival = this.#claims?.claim(key, pid);
    if (rival !== undefined) return { ok: false, reason: ["already_registered", rival] };
    const row: Row = { key, keyId, pid, id: (this.#lastRow += 1), value };
    try {
      this.#replicas?.tell(["register", pid, row.id] satisfies Change, { key, value });
    } catch (error) {
      this.#claims?.release(key, pid);
      throw error;
    }
    if (!this.#unwatch.has(pid)) this.#watch(pid);
    this.#add(row);
    const process = residentOf(pid);
    if (process !== undefined) link(process, this.self.pid);
    this.#tell(["register", registry, key, pid, value]);
    return { ok: true, owner: this.self.pid };
  }

  #isLocal(pid: Pid): boolean {
    return pid.shard === this.self.pid.shard;
  }

  /** What has happened on another shard. */
  #changed(change: Change, body: unknown): void {
    const [what, pid, which] = change;
    if (what === "register") {
      const { key, value } = body as { readonly key: unknown; readonly value: unknown };
      this.#add({ key, keyId: termKey(key), pid, id: which as number, value });
      return;
    }
    for (const row of this.#byPid.get(pid)) {
      if (what === "update" && row.id === which) row.value = body;
      if (what === "exit" || (what === "unregister" && which!.includes(row.id))) this.#remove(row);
    }
  }

  #add(row: Row): void {
    const former = this.#claims === undefined ? undefined : this.#byKey.first(row.keyId);
    if (former !== undefined) {
      // Word from different shards comes in any order: of the loss of a key, too, and of who has got it since.
      if (this.#claims!.holder(row.key) !== row.pid) return;
      this.#remove(former);
    }
    this.#byKey.add(row.keyId, row);
    this.#byPid.add(row.pid, row);
    this.#count += 1;
  }

  #remove(row: Row): void {
    this.#byKey.delete(row.keyId, row);
    this.#byPid.delete(row.pid, row);
    this.#count -= 1;
    if (this.#isLocal(row.pid)) this.#claims?.release(row.key, row.pid);
  }

  #watch(pid: Pid): void {
    const unwatch = onProcessExit(pid, () => {
      this.#unwatch.delete(pid);
      // First the others, so that they hear of it before they hear of the death.
      this.#replicas?.tell(["exit", pid] satisfies Change, undefined);
      for (const row of this.#byPid.get(pid)) this.#remove(row);
    });
    this.#unwatch.set(pid, unwatch);
  }

  #unregister(self: Self, key: unknown, accepts: Accepts): void {
    const rows = this.#own(self.pid, key).filter((row) => accepts(row.value));
    uninterrupted(self.runtime, () => this.#removeOwn(self, rows));
  }

  #removeOwn(self: Self, rows: readonly Row[]): void {
    if (rows.length > 0) {
      const ids = rows.map(({ id }) => id);
      this.#replicas?.tell(["unregister", self.pid, ids] satisfies Change, undefined);
    }
    for (const row of rows) this.#remove(row);
    if (this.#byPid.has(self.pid)) return;
    self.unlink(this.self.pid);
    this.#unwatch.get(self.pid)?.();
    this.#unwatch.delete(self.pid);
  }

  #own(pid: Pid, key: unknown): Row[] {
    const keyId = termKey(key);
    return this.#byPid.get(pid).filter((row) => row.keyId === keyId);
  }

  /** A listener that is not there (yet) misses it. */
  #tell(message: readonly unknown[]): void {
    for (const name of this.state.listeners) {
      const listener = this.self.whereis(name);
      if (listener !== undefined) this.self.send(listener, message);
    }
  }

  #expectUnique(registry: string): void {
    if (this.state.keys !== "unique")
      throw runtimeError("ROOKERY_BADARG", "a registry with unique keys", registry);
  }
}

interface ViaKey {
  readonly registry: string;
  readonly key: unknown;
  readonly value: unknown;
}

const registryVia: Via = letCross("Registry", {
  whereis: (home, key) => Registry.whereisVia(home, key as ViaKey),
  register: (home, key, pid) => Registry.registerVia(home, key as ViaKey, pid),
});

function completeOptions(options: RegistryOptions): Required<RegistryOptions> {
  expectOptions("a Registry", ["keys", "partitions", "scope", "listeners", "meta"], options);
  const { keys, partitions = 1, scope = "runtime", listeners = [], meta = [] } = options;
  if (keys !== "unique" && keys !== "duplicate")
    throw runtimeError("ROOKERY_BADARG", 'the option keys: "unique" or "duplicate"', options);
  if (scope !== "runtime" && scope !== "shard")
    throw runtimeError("ROOKERY_BADARG", 'the option scope: "runtime" or "shard"', scope);
  if (!Number.isInteger(partitions) || partitions < 1)
    throw runtimeError("ROOKERY_BADARG", "a number of partitions above 0", partitions);
  if (!Array.isArray(listeners) || !listeners.every((name) => typeof name === "string"))
    throw runtimeError("ROOKERY_BADARG", "the names of processes as listeners", listeners);
  const pairs = Symbol.iterator in Object(meta) ? [...meta] : undefined;
  if (pairs?.every((pair) => Array.isArray(pair)) !== true)
    throw runtimeError("ROOKERY_BADARG", "pairs of a key and a value as meta", meta);
  return { keys, partitions, scope, listeners, meta: pairs };
}

function instanceOf(origin: Origin, registry: string): Registry {
  const table = serverInstance(origin, registry, Registry);
  if (table === undefined) throw runtimeError("ROOKERY_NO_REGISTRY", "Registry", brief(registry));
  return table;
}
