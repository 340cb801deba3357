import { Runtime, type Self } from "../runtime/index.ts";
import { isOrderly, onProcessExit, type Origin } from "../runtime/internal.ts";
import { channelsError } from "./errors.ts";

interface Slot<Table> {
  readonly table: Table;
  open: boolean;
}

/**
 * Tables that processes of this shard find by name and read and write directly, without a message: public named ETS tables
 * with an heir. Each is kept by the server that is registered under its name. When that server crashes or is killed, the
 * table stays as it is, open to everybody, and its successor adopts it: what others have put there is not lost. When the
 * server stops in order, the table is closed, not emptied, until there is one again.
 */
export class NamedTables<Table extends object> {
  readonly #kind: string;
  readonly #byRuntime = new WeakMap<Runtime, Map<string, Slot<Table>>>();

  /** `kind` is what error texts call the server that keeps such a table. */
  constructor(kind: string) {
    this.#kind = kind;
  }

  /** The table, if it is open. */
  find(origin: Origin, name: string): Table | undefined {
    const slot = this.#byRuntime.get(origin instanceof Runtime ? origin : origin.runtime)?.get(name);
    return slot?.open ? slot.table : undefined;
  }

  /** The table, also if it is closed: for those whose rows are in it and who live on. */
  kept(runtime: Runtime, name: string): Table | undefined {
    return this.#byRuntime.get(runtime)?.get(name)?.table;
  }

  /** The table. Throws ROOKERY_NOT_STARTED if there is none, or it is closed. */
  get(origin: Origin, name: string): Table {
    const table = this.find(origin, name);
    if (table === undefined) throw channelsError("ROOKERY_NOT_STARTED", this.#kind, name);
    return table;
  }

  /** The name under which a keeper is registered. Throws ROOKERY_UNNAMED if it has none. */
  nameOf(self: Self): string {
    const name = self.info(self.pid)?.registeredName;
    if (name === undefined) throw channelsError("ROOKERY_UNNAMED", this.#kind);
    return name;
  }

  /** Makes the process the keeper of the table of its name: the one that its predecessor has left, or what `create` makes. */
  adopt(self: Self, create: () => Table): Table {
    let tables = this.#byRuntime.get(self.runtime);
    if (tables === undefined) this.#byRuntime.set(self.runtime, (tables = new Map()));
    const name = this.nameOf(self);
    let slot = tables.get(name);
    if (slot === undefined) tables.set(name, (slot = { table: create(), open: true }));
    slot.open = true;
    onProcessExit(self.pid, (reason) => {
      if (isOrderly(reason)) slot.open = false;
    });
    return slot.table;
  }
}
