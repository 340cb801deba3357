import type { Addressee } from "../addressee.ts";
import type { Pid } from "../pid.ts";
import type { Interconnect } from "./interconnect.ts";
import type { NameTable } from "./name-table.ts";

/** The names of all shards, as pids of one of them. */
export class RuntimeNames {
  readonly #table: NameTable;
  readonly #home: Interconnect;

  constructor(table: NameTable, home: Interconnect) {
    this.#table = table;
    this.#home = home;
  }

  whereis(name: string): Addressee | undefined {
    const holder = this.#table.find(name);
    return holder === undefined ? undefined : this.#home.pidOf(holder.shard, holder.id, false, false).process;
  }

  /** Gives a process of this shard the name; answers who has it instead. */
  claim(name: string, pid: Pid): Pid | undefined {
    // Before it can be found: signals for it may come at once.
    this.#home.exportPid(pid);
    const holder = this.#table.claim(name, pid.shard, pid.id);
    return holder === undefined ? undefined : this.#home.pidOf(holder.shard, holder.id, false, false);
  }

  release(name: string, pid: Pid): void {
    this.#table.release(name, pid.shard, pid.id);
  }

  registered(): string[] {
    return this.#table.names();
  }
}
