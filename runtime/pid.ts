import { inspect } from "node:util";
import type { Addressee } from "./addressee.ts";

/**
 * Names one process for ever: pids are compared with `===`, printed as `<0.7>`, sent in messages, and never
 * used again after the process has exited. `S` is the class of the server behind it, known to the compiler only.
 */
export class Pid<S = unknown> {
  /** Carries `S` to the compiler; never set. */
  declare readonly server?: S;
  /** The number of the shard on which it lives. */
  readonly shard: number;
  readonly id: number;
  /** @internal The living process, or its stand-in. Cleared when it exits, so that a kept pid keeps no memory alive. */
  process: Addressee | undefined;

  /** @internal */
  constructor(shard: number, id: number, process: Addressee | undefined) {
    this.shard = shard;
    this.id = id;
    this.process = process;
  }

  toString(): string {
    return `<${this.shard}.${this.id}>`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** In logs and in the REPL a pid is its short text. */
Object.defineProperty(Pid.prototype, inspect.custom, {
  value(this: Pid): string {
    return this.toString();
  },
});
