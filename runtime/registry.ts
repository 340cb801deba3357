import type { Via, ViaHome, ViaName } from "./dest.ts";
import { brief, runtimeError } from "./errors.ts";
import { onProcessExit } from "./exit-hook.ts";
import { GenServer } from "./gen-server.ts";
import { type Origin } from "./origin.ts";
import type { Pid } from "./pid.ts";
import { type NoReply, noReply, type Ok, ok } from "./returns.ts";
import type { Self } from "./self.ts";
import { serverInstance } from "./server-instance.ts";

export interface RegistryOptions {
  /** `unique`: a key has one holder. `duplicate`: many, and a process may hold a key many times. */
  readonly keys: "unique" | "duplicate";
}

export interface RegistryEntry {
  readonly pid: Pid;
  readonly value: unknown;
}

export type RegisterResult =
  | { readonly ok: true; readonly owner: Pid }
  | { readonly ok: false; readonly reason: readonly ["already_registered", Pid] };

interface Row {
  readonly key: unknown;
  readonly pid: Pid;
  value: unknown;
}

/**
 * A local, decentralised key-value store of processes: Elixir's `Registry`. Start it in a tree under a name; then any process
 * may register itself under keys, look keys up, and dispatch to them, all directly, without a message. A process's
 * entries are gone when it has exited: whoever hears of its death no longer finds them. Holders are linked to the
 * registry, so when it dies they die, and register anew when they are started again.
 *
 * @example
 * ```ts doctest
 * await runtime.start(Registry, { keys: "unique" }, { name: "rooms" });
 * Registry.register(self, "rooms", "lobby", { open: true });
 * Registry.lookup(self, "rooms", "lobby").map((entry) => entry.value); // => [{ open: true }]
 * ```
 */
export class Registry extends GenServer<RegistryOptions> {
  readonly #byKey = new Map<unknown, Row[]>();
  readonly #byPid = new Map<Pid, Row[]>();

  init(options: RegistryOptions): Ok<RegistryOptions> {
    if (options?.keys !== "unique" && options?.keys !== "duplicate") {
      throw runtimeError("ROOKERY_BADARG", 'the option keys: "unique" or "duplicate"', options);
    }
    // Linked to every holder, it must outlive them.
    this.self.trapExit(true);
    return ok({ keys: options.keys });
  }

  override handleInfo(): NoReply {
    return noReply();
  }

  /** Registers the calling process under `key`. `Registry.register/3`. */
  static register(self: Self, registry: string, key: unknown, value?: unknown): RegisterResult {
    const table = instanceOf(self, registry);
    const result = table.#insert(self.pid, key, value);
    if (result.ok) self.link(table.self.pid);
    return result;
  }

  /** Removes the entries of the calling process under `key`. `Registry.unregister/2`. */
  static unregister(self: Self, registry: string, key: unknown): void {
    const table = instanceOf(self, registry);
    for (const row of table.#byPid.get(self.pid)?.filter((row) => row.key === key) ?? []) table.#remove(row);
  }

  /** The living holders of `key` and their values, in the order of their registration. `Registry.lookup/2`. */
  static lookup(origin: Origin, registry: string, key: unknown): RegistryEntry[] {
    const rows = instanceOf(origin, registry).#byKey.get(key) ?? [];
    return rows.map(({ pid, value }) => ({ pid, value }));
  }

  /** The keys under which `pid` is registered, once for each entry. `Registry.keys/2`. */
  static keys(origin: Origin, registry: string, pid: Pid): unknown[] {
    return (instanceOf(origin, registry).#byPid.get(pid) ?? []).map((row) => row.key);
  }

  /** How many entries there are. `Registry.count/1`. */
  static count(origin: Origin, registry: string): number {
    let count = 0;
    for (const rows of instanceOf(origin, registry).#byKey.values()) count += rows.length;
    return count;
  }

  /** Replaces the value of the calling process under a unique key; undefined if it does not hold it. `Registry.update_value/3`. */
  static updateValue(
    self: Self,
    registry: string,
    key: unknown,
    update: (value: unknown) => unknown,
  ): { readonly newValue: unknown; readonly oldValue: unknown } | undefined {
    const row = instanceOf(self, registry)
      .#byPid.get(self.pid)
      ?.find((candidate) => candidate.key === key);
    if (row === undefined) return undefined;
    const oldValue = row.value;
    row.value = update(oldValue);
    return { newValue: row.value, oldValue };
  }

  /** Calls `dispatch` here, with the holders of `key`, unless there are none. `Registry.dispatch/3`. */
  static dispatch(
    origin: Origin,
    registry: string,
    key: unknown,
    dispatch: (entries: readonly RegistryEntry[]) => void,
  ): void {
    const entries = Registry.lookup(origin, registry, key);
    if (entries.length > 0) dispatch(entries);
  }

  /** A name for a process, `{:via, Registry, {registry, key, value}}`: for the option `name` of a start, and as a destination. */
  static via<S = unknown>(registry: string, key: unknown, value?: unknown): ViaName<S> {
    return { via: registryVia, key: { registry, key, value } satisfies ViaKey };
  }

  /** @internal */
  static registerVia(
    home: ViaHome,
    { registry, key, value }: ViaKey,
    pid: Pid,
  ): { ok: true } | { ok: false; holder: Pid } {
    const table = home.whereis(registry)?.instance;
    if (!(table instanceof Registry)) throw runtimeError("ROOKERY_NO_REGISTRY", "Registry", registry);
    if (table.state.keys === "duplicate")
      throw runtimeError("ROOKERY_BADARG", "a registry with unique keys", registry);
    const result = table.#insert(pid, key, value);
    return result.ok ? { ok: true } : { ok: false, holder: result.reason[1] };
  }

  /** @internal */
  static whereisVia(home: ViaHome, { registry, key }: ViaKey): Pid | undefined {
    const table = home.whereis(registry)?.instance;
    return table instanceof Registry ? table.#byKey.get(key)?.[0]?.pid : undefined;
  }

  #insert(pid: Pid, key: unknown, value: unknown): RegisterResult {
    const rows = this.#byKey.get(key);
    const holder = rows?.[0];
    if (this.state.keys === "unique" && holder !== undefined) {
      return { ok: false, reason: ["already_registered", holder.pid] };
    }
    const row: Row = { key, pid, value };
    if (rows === undefined) this.#byKey.set(key, [row]);
    else rows.push(row);
    const own = this.#byPid.get(pid);
    if (own !== undefined) {
      own.push(row);
    } else {
      this.#byPid.set(pid, [row]);
      onProcessExit(pid, () => {
        for (const left of this.#byPid.get(pid)?.slice() ?? []) this.#remove(left);
      });
    }
    return { ok: true, owner: this.self.pid };
  }

  #remove(row: Row): void {
    removeFrom(this.#byKey, row.key, row);
    removeFrom(this.#byPid, row.pid, row);
  }
}

interface ViaKey {
  readonly registry: string;
  readonly key: unknown;
  readonly value: unknown;
}

const registryVia: Via = {
  whereis: (home, key) => Registry.whereisVia(home, key as ViaKey),
  register: (home, key, pid) => Registry.registerVia(home, key as ViaKey, pid),
};

function removeFrom<Key>(index: Map<Key, Row[]>, key: Key, row: Row): void {
  const rows = index.get(key);
  if (rows === undefined) return;
  const at = rows.indexOf(row);
  if (at >= 0) rows.splice(at, 1);
  if (rows.length === 0) index.delete(key);
}

function instanceOf(origin: Origin, registry: string): Registry {
  const table = serverInstance(origin, registry, Registry);
  if (table === undefined) throw runtimeError("ROOKERY_NO_REGISTRY", "Registry", brief(registry));
  return table;
}
