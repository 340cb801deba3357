import { inspect } from "node:util";
import type { Process } from "./process.ts";

/**
 * Names one process for ever: pids are compared with `===`, printed as `<0.7>`, sent in messages, and never
 * used again after the process has exited. `S` is the class of the server behind it, known to the compiler only.
 */
export class Pid<S = unknown> {
  /** Carries `S` to the compiler; never set. */
  declare readonly server?: S;
  readonly id: number;
  /** @internal The living process. Cleared when it exits, so that a kept pid keeps no memory alive. */
  process: Process | undefined;

  /** @internal */
  constructor(id: number, process: Process) {
    this.id = id;
    this.process = process;
  }

  toString(): string {
    return `<0.${this.id}>`;
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
