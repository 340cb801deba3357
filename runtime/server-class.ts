import type { Behaviour } from "./behaviour.ts";
import type { Self } from "./self.ts";

/** What every class that a process can run has in common: GenServer, GenStatem, and what extends them. */
export interface ServerInstance {
  readonly self: Self;
  /** @internal What runs it in its process. */
  behaviour(): Behaviour;
  init(arg: never): unknown;
  codeChange?(oldVersion: never, state: never, extra: never): unknown;
}

/** A class of servers that can be started. */
export interface ServerClass<S extends ServerInstance = ServerInstance> {
  new (): S;
  readonly module?: string;
  readonly name: string;
}

/** What `init` of a server takes. */
export type InitArg<S> = S extends { init(arg: infer Arg): unknown } ? Arg : never;
