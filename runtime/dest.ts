import type { Addressee } from "./addressee.ts";
import { runtimeError } from "./errors.ts";
import { isNodeName, type NodeName } from "./nodes/node-name.ts";
import { Pid } from "./pid.ts";
import { Ref } from "./ref.ts";
import type { RegisteredNames } from "./registered-names.ts";

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

/** Whether this can be looked up at all. */
export function isViaName(dest: unknown): dest is ViaName {
  if (typeof dest !== "object" || dest === null || !("via" in dest)) return false;
  const { via } = dest as { readonly via: Partial<Via> | null | undefined };
  return typeof via?.whereis === "function" && typeof via.register === "function";
}

/** Throws ROOKERY_BADARG for what nothing can ever be sent to. */
export function expectDest(dest: unknown): asserts dest is Dest {
  if (typeof dest === "string" || dest instanceof Pid || dest instanceof Ref || isViaName(dest)) return;
  if (isNodeName(dest)) return;
  throw runtimeError(
    "ROOKERY_BADARG",
    "a destination: a pid, a name, a via name, { name, node } or an alias",
    dest,
  );
}

/** Where a name of a registry is looked up: the shard, or anything that knows its names. */
export interface ViaHome {
  whereis(name: string): Addressee | undefined;
  /** Of the names that are each shard's own. */
  whereisOn(place: number, name: string): Addressee | undefined;
}

/** Where a message can go: a process, its registered name, its name in a registry or on a node, or an alias. */
export type Dest<S = unknown> = Pid<S> | string | ViaName<S> | NodeName | Ref;

/** The class of the server behind a destination: of a pid, a via name or a declared name. Never, if nobody has said it. */
export type ServerOf<D> = D extends Pid<infer S> | ViaName<infer S>
  ? S
  : D extends keyof RegisteredNames
    ? RegisteredNames[D]
    : never;

/** The pid that has this name. */
export type PidOf<Name> = Pid<[ServerOf<Name>] extends [never] ? unknown : ServerOf<Name>>;

/** `Name`, if a server of class `S` may be started under it: not one that stands for another class. */
export type NameFor<S, Name> = [ServerOf<Name>] extends [never]
  ? Name
  : S extends ServerOf<Name>
    ? Name
    : NameOfAnother<ServerOf<Name>>;

/** What no name is: makes the compiler say whose name it is. */
interface NameOfAnother<S> {
  readonly belongsTo: S;
}
