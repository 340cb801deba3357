import type { Addressee } from "./addressee.ts";
import { runtimeError } from "./errors.ts";
import { Pid } from "./pid.ts";
import { type Process, residentOf } from "./process.ts";
import type { RuntimeNames } from "./shards/runtime-names.ts";

/** Whether a name is one for the whole runtime, or each shard may have a process of its own under it. */
export type NameScope = "runtime" | "shard";

/** How a name that is each shard's own stands among those of all shards. */
function nameAt(place: number, name: string): string {
  return `${name}\0${place}`;
}

/**
 * The registered names, as one shard knows them. A process has at most one, a name belongs to at most one in the whole runtime, and
 * death frees it.
 */
export class Names {
  readonly #holders = new Map<string, Process>();
  /** Those that every shard may give to a process of its own. */
  readonly #perShard = new Set<string>();
  readonly #place: number;
  /** Those of all shards, if there are several. */
  shared: RuntimeNames | undefined = undefined;

  constructor(place: number) {
    this.#place = place;
  }

  whereis(name: string): Addressee | undefined {
    return this.#holders.get(name) ?? this.shared?.whereis(name);
  }

  /** Who has `name` on the shard with that place, of the names that are each shard's own. */
  whereisOn(place: number, name: string): Addressee | undefined {
    return place === this.#place ? this.#holders.get(name) : this.shared?.whereis(nameAt(place, name));
  }

  /** Throws ROOKERY_BADARG or ROOKERY_NAME_TAKEN where `register/2` of Erlang fails with `badarg`. */
  register(name: string, pid: Pid, scope: NameScope = "runtime"): void {
    if (typeof name !== "string" || name === "" || name === "undefined") {
      throw runtimeError("ROOKERY_BADARG", 'a name that is a non-empty string other than "undefined"', name);
    }
    if (!(pid instanceof Pid)) throw runtimeError("ROOKERY_BADARG", "a pid", pid);
    const process = residentOf(pid);
    if (process === undefined) throw runtimeError("ROOKERY_BADARG", "a living process of this shard", pid);
    const holder = this.#holders.get(name);
    if (holder !== undefined) throw runtimeError("ROOKERY_NAME_TAKEN", name, pid, `${holder.pid} has it`);
    if (process.name !== undefined) {
      throw runtimeError("ROOKERY_NAME_TAKEN", name, pid, `it is already registered as ${process.name}`);
    }
    const elsewhere = this.shared?.claim(scope === "shard" ? nameAt(this.#place, name) : name, pid);
    if (elsewhere !== undefined) throw runtimeError("ROOKERY_NAME_TAKEN", name, pid, `${elsewhere} has it`);
    process.name = name;
    if (scope === "shard") this.#perShard.add(name);
    this.#holders.set(name, process);
  }

  /** Throws ROOKERY_BADARG if nobody on this shard has the name. */
  unregister(name: string): void {
    const holder = this.#holders.get(name);
    if (holder === undefined) throw runtimeError("ROOKERY_BADARG", "a registered name", name);
    this.release(holder);
  }

  /** Frees the name of a process, if it has one. */
  release(process: Process): void {
    const { name } = process;
    if (name === undefined) return;
    this.#holders.delete(name);
    const own = this.#perShard.delete(name);
    this.shared?.release(own ? nameAt(this.#place, name) : name, process.pid);
    process.name = undefined;
  }

  /** Whether the name, which is given here, is one that every shard may give. */
  isPerShard(name: string): boolean {
    return this.#perShard.has(name);
  }

  registered(): string[] {
    const elsewhere = this.shared?.registered().filter((name) => !name.includes("\0")) ?? [];
    return [...new Set([...this.#holders.keys(), ...elsewhere])];
  }
}
