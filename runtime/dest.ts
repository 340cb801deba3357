import type { Pid } from "./pid.ts";
import type { Addressee } from "./addressee.ts";
import type { Ref } from "./ref.ts";

/** A name in a registry of the user's: `{:via, Module, Name}`. `Registry.via` makes one. */
export interface ViaName<S = unknown> {
  /** Carries `S` to the compiler; never set. */
  readonly server?: S;
  readonly via: Via;
  readonly key: unknown;
}

/** What a registry offers so that its keys can be names. Called synchronously; must not throw for a free or unknown key. */
export interface Via {
  whereis(home: ViaHome, key: unknown): Pid | undefined;
  /** False if the key is taken; `holder` then is who has it. */
  register(home: ViaHome, key: unknown, pid: Pid): { ok: true } | { ok: false; holder: Pid };
}

/** Where a name of a registry is looked up: the shard, or anything that knows its names. */
export interface ViaHome {
  whereis(name: string): Addressee | undefined;
}

/** Where a message can go: a process, its registered name, its name in a registry, or an alias. */
export type Dest<S = unknown> = Pid<S> | string | ViaName<S> | Ref;
