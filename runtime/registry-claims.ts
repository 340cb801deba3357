import { runtimeError } from "./errors.ts";
import type { Pid } from "./pid.ts";
import { residentOf } from "./process.ts";
import type { Self } from "./self.ts";
import type { RuntimeNames } from "./shards/runtime-names.ts";
import { sharedText } from "./term-key.ts";

/**
 * Who has the unique keys of a registry, among all shards: each is a name in the table that they share, so of several who claim one
 * at once, one has it.
 */
export class RegistryClaims {
  readonly #names: RuntimeNames;
  readonly #prefix: string;

  private constructor(names: RuntimeNames, registry: string) {
    this.#names = names;
    // No name of a process looks like this.
    this.#prefix = `registry\0${registry}\0`;
  }

  /** Those of the registry whose process `self` is, one that has others on other shards. */
  static of(self: Self): RegistryClaims {
    const { shard, name } = residentOf(self.pid)!;
    return new RegistryClaims(shard.names.shared!, name!);
  }

  /** Gives the key to a process of this shard; answers who has it instead. */
  claim(key: unknown, pid: Pid): Pid | undefined {
    return this.#names.claim(this.#nameOf(key), pid);
  }

  release(key: unknown, pid: Pid): void {
    this.#names.release(this.#nameOf(key), pid);
  }

  /** The living process that has the key. */
  holder(key: unknown): Pid | undefined {
    return this.#names.whereis(this.#nameOf(key))?.pid;
  }

  #nameOf(key: unknown): string {
    const text = sharedText(key);
    if (text === undefined)
      throw runtimeError("ROOKERY_BADARG", "a key that can be equal on every shard", key);
    return this.#prefix + text;
  }
}
