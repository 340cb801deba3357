import { runtimeError } from "./errors.ts";
import { Pid } from "./pid.ts";
import type { Process } from "./process.ts";

/** The registered names of a runtime. A process has at most one, a name belongs to at most one, and death frees it. */
export class Names {
  readonly #holders = new Map<string, Process>();

  whereis(name: string): Process | undefined {
    return this.#holders.get(name);
  }

  /** Throws ROOKERY_BADARG or ROOKERY_NAME_TAKEN where `register/2` of Erlang fails with `badarg`. */
  register(name: string, pid: Pid): void {
    if (typeof name !== "string" || name === "" || name === "undefined") {
      throw runtimeError("ROOKERY_BADARG", 'a name that is a non-empty string other than "undefined"', name);
    }
    if (!(pid instanceof Pid)) throw runtimeError("ROOKERY_BADARG", "a pid", pid);
    const process = pid.process;
    if (process === undefined) throw runtimeError("ROOKERY_BADARG", "a living process", pid);
    const holder = this.#holders.get(name);
    if (holder !== undefined) throw runtimeError("ROOKERY_NAME_TAKEN", name, pid, `${holder.pid} has it`);
    if (process.name !== undefined) {
      throw runtimeError("ROOKERY_NAME_TAKEN", name, pid, `it is already registered as ${process.name}`);
    }
    process.name = name;
    this.#holders.set(name, process);
  }

  /** Throws ROOKERY_BADARG if nobody has the name. */
  unregister(name: string): void {
    const holder = this.#holders.get(name);
    if (holder === undefined) throw runtimeError("ROOKERY_BADARG", "a registered name", name);
    this.release(holder);
  }

  /** Frees the name of a process, if it has one. */
  release(process: Process): void {
    if (process.name === undefined) return;
    this.#holders.delete(process.name);
    process.name = undefined;
  }

  registered(): string[] {
    return [...this.#holders.keys()];
  }
}
