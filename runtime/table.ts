import { expectFunction, expectOptions } from "./argument.ts";
import { brief, runtimeError } from "./errors.ts";
import { onProcessExit } from "./exit-hook.ts";
import { deepFreeze } from "./freeze.ts";
import { type Origin, resolveOrigin } from "./origin.ts";
import { Pid } from "./pid.ts";
import { type Process, residentOf } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import type { Self } from "./self.ts";
import type { Shard } from "./shard.ts";
import { applyCounters, type CounterUpdate } from "./table-counter.ts";
import { newTableRows, TABLE_TYPES, type TableRow, type TableRows, type TableType } from "./table-rows.ts";
import { compareTerms } from "./term-order.ts";
import { uninterrupted } from "./uninterrupted.ts";

const ACCESSES = ["public", "protected", "private"] as const;
/** Who may: `public`: all read and write. `protected`: all read, the owner writes. `private`: the owner only. */
export type TableAccess = (typeof ACCESSES)[number];

/** Who gets a table when its owner dies, and what it is told with it. */
export interface TableHeir {
  readonly pid: Pid;
  readonly data: unknown;
}

/** How a table is made: the options of `ets:new/2`. */
export interface TableOptions {
  /** Default: `set`. */
  readonly type?: TableType;
  /** Default: `protected`. */
  readonly access?: TableAccess;
  /** Makes it a named table, found by `Table.whereis`. */
  readonly name?: string;
  readonly heir?: TableHeir;
}

/** What a table is, and how many rows it has: `ets:info/1`. */
export interface TableInfo {
  readonly name: string | undefined;
  readonly type: TableType;
  readonly access: TableAccess;
  readonly owner: Pid;
  readonly heir: Pid | undefined;
  readonly size: number;
}

/** What the new owner of a table finds in its mailbox: `{'ETS-TRANSFER', Table, From, Data}`. */
export class TableTransfer {
  readonly type = "ETS-TRANSFER";
  readonly table: Table;
  readonly from: Pid;
  readonly data: unknown;

  constructor(table: Table, from: Pid, data: unknown) {
    this.table = table;
    this.from = from;
    this.data = data;
  }
}

/** A part of what a select found. */
export interface Selection<Row> {
  readonly rows: readonly Row[];
  /** The next part; undefined when there is none. */
  next(): Selection<Row> | undefined;
}

type Accepts<Row> = (row: Row) => boolean;

/** The named tables of each shard. */
const namedTables = new WeakMap<Shard, Map<string, Table>>();

/**
 * Rows that processes share without messages: an ETS table. A row is an array, its first element the key; equal keys are one,
 * also when they are arrays. Rows are values: they are frozen while developing, and an update puts a new one in place.
 *
 * A table belongs to the process that made it and ends with it, unless it has an heir: whoever hears of the owner's death
 * finds it gone. Every function takes who acts as its first parameter. All throw ROOKERY_BADARG where ETS does: who may not,
 * and whatever is done to a table that is gone.
 *
 * @example
 * ```ts doctest
 * const hits = Table.new<[path: string, count: number]>(self, { access: "public" });
 * hits.updateCounter(self, "/", 1, ["/", 0]);
 * hits.updateCounter(self, "/", 1, ["/", 0]); // => 2
 * hits.lookup(self, "/"); // => [["/", 2]]
 * ```
 */
export class Table<Row extends TableRow = TableRow> {
  readonly name: string | undefined;
  readonly type: TableType;
  readonly access: TableAccess;
  readonly #shard: Shard;
  #owner: Process;
  #heir: TableHeir | undefined;
  #rows: TableRows | undefined;
  #forgetOwner: () => void = () => {};

  private constructor(owner: Process, options: TableOptions) {
    this.name = options.name;
    this.type = options.type ?? "set";
    this.access = options.access ?? "protected";
    this.#shard = owner.shard;
    this.#owner = owner;
    this.#heir = livingHeir(options.heir);
    this.#rows = newTableRows(this.type);
  }

  /** Makes a table that belongs to `self`. `ets:new/2`. */
  static new<Row extends TableRow>(self: Self, options: TableOptions = {}): Table<Row> {
    checkOptions(options);
    const { process, shard } = resolveOrigin(self);
    if (process === undefined || process.state === ProcessState.Exited)
      throw runtimeError("ROOKERY_BADARG", "a living process as the owner of a table", self.pid);
    const { name } = options;
    const table = new Table<Row>(process, options);
    if (name !== undefined) {
      const named = namedTables.get(shard) ?? new Map<string, Table>();
      namedTables.set(shard, named);
      if (named.has(name)) throw runtimeError("ROOKERY_BADARG", "a name that no table has", name);
      named.set(name, table as unknown as Table);
    }
    table.#belongTo(process);
    return table;
  }

  /** The table with that name. `ets:whereis/1`. */
  static whereis<Row extends TableRow>(origin: Origin, name: string): Table<Row> | undefined {
    return namedTables.get(resolveOrigin(origin).shard)?.get(name) as Table<Row> | undefined;
  }

  /** The tables of this shard that have a name. */
  static named(origin: Origin): Table[] {
    return [...(namedTables.get(resolveOrigin(origin).shard)?.values() ?? [])];
  }

  /** Inserts all rows or, if one is wrong, none. A row of the same key is replaced, except in bags. `ets:insert/2`. */
  insert(origin: Origin, ...rows: readonly Row[]): void {
    const table = this.#writable(origin);
    this.#check(rows);
    this.#whole(() => {
      for (const row of rows) table.insert(row);
    });
  }

  /** Inserts only if none of the keys is taken: all rows or none. `ets:insert_new/2`. */
  insertNew(origin: Origin, ...rows: readonly Row[]): boolean {
    const table = this.#writable(origin);
    this.#check(rows);
    if (rows.some((row) => table.get(row[0]).length > 0)) return false;
    this.#whole(() => {
      for (const row of rows) table.insert(row);
    });
    return true;
  }

  /** The rows under `key`. `ets:lookup/2`. */
  lookup(origin: Origin, key: Row[0]): Row[] {
    return [...this.#readable(origin).get(key)] as Row[];
  }

  /**
   * One element of the row under `key`; `otherwise` if there is no such row and it is given. Not for bags: `lookup` answers
   * their rows. `ets:lookup_element/3,4`.
   */
  lookupElement<Index extends number>(
    origin: Origin,
    key: Row[0],
    index: Index,
    ...otherwise: [] | [Row[Index]]
  ): Row[Index] {
    const table = this.#readable(origin);
    this.#expectSet();
    const row = table.get(key)[0];
    if (row === undefined && otherwise.length > 0) return otherwise[0];
    if (row === undefined) throw runtimeError("ROOKERY_BADARG", "a key that is in the table", key);
    if (!Number.isInteger(index) || !(index in row))
      throw runtimeError("ROOKERY_BADARG", `the index of an element of ${brief(row)}`, index);
    return row[index];
  }

  /** Whether there is a row under `key`. `ets:member/2`. */
  member(origin: Origin, key: Row[0]): boolean {
    return this.#readable(origin).get(key).length > 0;
  }

  /** Deletes the rows under `key`, if there are any. `ets:delete/2`. */
  delete(origin: Origin, key: Row[0]): void {
    this.take(origin, key);
  }

  /** Deletes this row only. `ets:delete_object/2`. */
  deleteObject(origin: Origin, row: Row): void {
    const table = this.#writable(origin);
    this.#check([row]);
    this.#whole(() => table.deleteObject(row));
  }

  /** Deletes all rows. `ets:delete_all_objects/1`. */
  deleteAllObjects(origin: Origin): void {
    const table = this.#writable(origin);
    this.#whole(() => table.clear());
  }

  /** Deletes the table itself. `ets:delete/1`. */
  deleteTable(origin: Origin): void {
    this.#writable(origin);
    this.#forgetOwner();
    this.#drop();
  }

  /** Deletes the rows under `key` and answers them. `ets:take/2`. */
  take(origin: Origin, key: Row[0]): readonly Row[] {
    const table = this.#writable(origin);
    return this.#whole(() => table.take(key)) as readonly Row[];
  }

  /** The rows that `accepts` accepts, in an ordered set in order. `ets:match_object/2`. */
  match(origin: Origin, accepts: Accepts<Row>): Row[] {
    expectFunction("that accepts rows", accepts);
    return [...this.#each(origin)].filter(accepts);
  }

  /** The same in parts of at most `limit` rows, searched as they are asked for; undefined when there is none. `ets:select/3`. */
  select(origin: Origin, accepts: Accepts<Row>, limit: number): Selection<Row> | undefined {
    if (!Number.isInteger(limit) || limit < 1)
      throw runtimeError("ROOKERY_BADARG", "a number of rows above 0", limit);
    expectFunction("that accepts rows", accepts);
    const remaining = this.#each(origin);
    const next = (): Selection<Row> | undefined => {
      this.#readable(origin);
      const rows: Row[] = [];
      while (rows.length < limit) {
        const { value, done } = remaining.next();
        if (done === true) break;
        if (accepts(value)) rows.push(value);
      }
      return rows.length === 0 ? undefined : { rows, next };
    };
    return next();
  }

  /** How many rows `accepts` accepts. `ets:select_count/2`. */
  selectCount(origin: Origin, accepts: Accepts<Row>): number {
    return this.match(origin, accepts).length;
  }

  /** Deletes the rows that `accepts` accepts and answers how many. `ets:select_delete/2`. */
  selectDelete(origin: Origin, accepts: Accepts<Row>): number {
    const table = this.#writable(origin);
    const rows = this.match(origin, accepts);
    this.#whole(() => {
      for (const row of rows) table.deleteObject(row);
    });
    return rows.length;
  }

  /**
   * Adds to numbers of the row under `key` and answers what they are now: a number for the second element, or updates that say
   * which and what happens beyond a threshold. Without such a row, `initial` is inserted first, if given. All or nothing.
   * Not for bags. `ets:update_counter/3,4`.
   */
  updateCounter(origin: Origin, key: Row[0], update: number | CounterUpdate, initial?: Row): number;
  updateCounter(origin: Origin, key: Row[0], updates: readonly CounterUpdate[], initial?: Row): number[];
  updateCounter(
    origin: Origin,
    key: Row[0],
    updates: number | CounterUpdate | readonly CounterUpdate[],
    initial?: Row,
  ): number | number[] {
    const table = this.#writable(origin);
    this.#expectSet();
    if (initial !== undefined) this.#check([initial]);
    const row = table.get(key)[0] ?? (initial === undefined ? undefined : [key, ...initial.slice(1)]);
    if (row === undefined) throw runtimeError("ROOKERY_BADARG", "a key that is in the table", key);
    const list = Array.isArray(updates) ? (updates as readonly CounterUpdate[]) : [updates as CounterUpdate];
    const updated = applyCounters(row as TableRow, list);
    this.insert(origin, updated.row as Row);
    return Array.isArray(updates) ? updated.values : updated.values[0]!;
  }

  /** Replaces one element of the row under `key`; false if there is no such row. Not for bags. `ets:update_element/3`. */
  updateElement<Index extends number>(origin: Origin, key: Row[0], index: Index, value: Row[Index]): boolean {
    const table = this.#writable(origin);
    this.#expectSet();
    const row = table.get(key)[0];
    if (row === undefined) return false;
    if (!(Number.isInteger(index) && index > 0 && index in row))
      throw runtimeError("ROOKERY_BADARG", "the index of a value of the row", index);
    this.insert(origin, row.with(index, value) as unknown as Row);
    return true;
  }

  /** Folds all rows, in an ordered set in order. `ets:foldl/3`. */
  foldl<Acc>(origin: Origin, fold: (row: Row, acc: Acc) => Acc, initial: Acc): Acc {
    expectFunction("that folds rows", fold);
    let acc = initial;
    for (const row of this.#each(origin)) acc = fold(row, acc);
    return acc;
  }

  /** All rows, in an ordered set in order. `ets:tab2list/1`. */
  toList(origin: Origin): Row[] {
    return [...this.#each(origin)];
  }

  /** What there is to know of it, for everybody; undefined when it is gone. `ets:info/1`. */
  info(): TableInfo | undefined {
    if (this.#rows === undefined) return undefined;
    const { name, type, access } = this;
    return { name, type, access, owner: this.#owner.pid, heir: this.#heir?.pid, size: this.#rows.size };
  }

  /** Hands the table to another process, which finds a TableTransfer with `data` in its mailbox. Its owner only. `ets:give_away/3`. */
  giveAway(self: Self, pid: Pid, data: unknown): void {
    this.#expectOwner(self);
    const heir = pid instanceof Pid ? residentOf(pid) : undefined;
    if (heir === undefined || heir === this.#owner)
      throw runtimeError("ROOKERY_BADARG", "another living process as the new owner", pid);
    this.#forgetOwner();
    this.#handOver(heir, data);
  }

  /** Says who gets the table when its owner dies; undefined: nobody. Its owner only. `ets:setopts/2`. */
  setHeir(self: Self, heir: TableHeir | undefined): void {
    this.#expectOwner(self);
    this.#heir = livingHeir(heir);
  }

  #belongTo(owner: Process): void {
    this.#owner = owner;
    this.#forgetOwner = onProcessExit(owner.pid, () => {
      const heir = this.#heir && residentOf(this.#heir.pid);
      if (heir === undefined) this.#drop();
      else this.#handOver(heir, this.#heir!.data);
    });
  }

  #handOver(owner: Process, data: unknown): void {
    const from = this.#owner.pid;
    this.#belongTo(owner);
    owner.deliver(undefined, new TableTransfer(this as unknown as Table, from, data));
  }

  #drop(): void {
    this.#rows = undefined;
    if (this.name !== undefined) namedTables.get(this.#shard)?.delete(this.name);
  }

  *#each(origin: Origin): Generator<Row, undefined> {
    yield* this.#readable(origin) as Iterable<Row>;
  }

  #readable(origin: Origin): TableRows {
    return this.#accessible(origin, this.access !== "private");
  }

  /** A process that stalls here leaves no change half made: it is ended before, or behind it. */
  #whole<Value>(change: () => Value): Value {
    return uninterrupted(this.#shard.runtime, change);
  }

  #writable(origin: Origin): TableRows {
    return this.#accessible(origin, this.access === "public");
  }

  #accessible(origin: Origin, everybody: boolean): TableRows {
    const { process } = resolveOrigin(origin);
    if (this.#rows === undefined)
      throw runtimeError("ROOKERY_BADARG", "a table that is there", this.name ?? this);
    // What the rest of a dead process does has no effect.
    if (process?.state === ProcessState.Exited)
      throw runtimeError("ROOKERY_BADARG", "a living process", process.pid);
    if (!everybody && process !== this.#owner) throw this.#notOwner(process);
    return this.#rows;
  }

  #expectOwner(self: Self): void {
    this.#readable(self);
    const { process } = resolveOrigin(self);
    if (process !== this.#owner) throw this.#notOwner(process);
  }

  #notOwner(process: Process | undefined): Error {
    return runtimeError(
      "ROOKERY_BADARG",
      `the owner of this ${this.access} table`,
      process?.pid ?? "the runtime",
    );
  }

  #expectSet(): void {
    if (this.type !== "set" && this.type !== "ordered_set")
      throw runtimeError("ROOKERY_BADARG", "a set or an ordered set", this.type);
  }

  #check(rows: readonly Row[]): void {
    for (const row of rows) {
      if (!Array.isArray(row) || row.length === 0)
        throw runtimeError("ROOKERY_BADARG", "a row: an array whose first element is the key", row);
      // Throws for a key that has no place in the order.
      if (this.type === "ordered_set") compareTerms(row[0], row[0]);
      if (this.#shard.freezeMessages) deepFreeze(row, "row");
    }
  }
}

/** An heir that is dead when it is named is none. */
function livingHeir(heir: TableHeir | undefined): TableHeir | undefined {
  if (heir !== undefined && !(heir?.pid instanceof Pid))
    throw runtimeError("ROOKERY_BADARG", "an heir with a pid and data", heir);
  return heir?.pid.process === undefined ? undefined : heir;
}

function checkOptions(options: TableOptions): void {
  expectOptions("a table", ["type", "access", "name", "heir"], options);
  const { type, access, name, heir } = options;
  if (type !== undefined && !TABLE_TYPES.includes(type))
    throw runtimeError("ROOKERY_BADARG", `a type of table: ${TABLE_TYPES.join(", ")}`, type);
  if (access !== undefined && !ACCESSES.includes(access))
    throw runtimeError("ROOKERY_BADARG", `an access to a table: ${ACCESSES.join(", ")}`, access);
  if (name !== undefined && (typeof name !== "string" || name === ""))
    throw runtimeError("ROOKERY_BADARG", "a non-empty string as the name of a table", name);
  livingHeir(heir);
}
