import type { Kysely } from "kysely";
import { appliedNested, isEmbed } from "./association.ts";
import { addError, applyChanges, type Changeset, isChangeset, replace } from "./changeset.ts";
import { type Violation, withBroken, withViolation } from "./constraint.ts";
import { repoError, StaleEntryError } from "./errors.ts";
import { brokenForeignKey } from "./foreign-key.ts";
import { type NestedWriter, writeChildren, writeParents } from "./nested-write.ts";

type Row = Record<string, unknown>;
type Db = Kysely<Record<string, Row>>;

/** What becomes of a write of a row that is not there any more, or not as it was (`:stale_error_field` and so on). */
export interface WriteOptions {
  /** The field that gets an error then. Without it, a StaleEntryError is thrown. */
  readonly staleErrorField?: string;
  /** Default: "is stale". */
  readonly staleErrorMessage?: string;
  /** Takes it for done. */
  readonly allowStale?: boolean;
}

/** One write of a row: what to do, and by what. */
export interface RowWrite {
  readonly action: "insert" | "update" | "delete";
  readonly table: string;
  readonly options: WriteOptions;
  readonly writing: unknown;
  readonly violationOf: (error: unknown) => Violation | undefined;
  /** Writes the rows that belong to this one. */
  readonly writer: NestedWriter;
  /** Runs the query: undefined if it found no row. `filters` are what the row must have, its id among them. */
  readonly query: (columns: Row, filters: Row) => Promise<Row | undefined>;
}

/** What it comes to. */
export type RowResult =
  | { readonly ok: true; readonly value: Row | undefined }
  | { readonly ok: false; readonly error: Changeset<object> };

/** Whether more than the row itself is written with it, or something is done before. */
export function writesMore({ nested, prepare }: Changeset<object>): boolean {
  return prepare.length > 0 || Object.keys(nested).length > 0;
}

/**
 * Writes the row of a changeset, and those that belong to it: what was to be prepared, the rows to which it belongs, itself,
 * the rows that belong to it. Stops at the first that fails; what it wrote by then is for the caller to undo.
 */
export async function writeRow(write: RowWrite, changeset: Changeset<object>): Promise<RowResult> {
  const { action, options } = write;
  if (!changeset.valid) return refused(write, changeset);
  if (action === "update" && !isChanging(changeset)) return { ok: true, value: changeset.data as Row };
  // Most rows are written alone: nothing is waited for but the query then.
  const isMore = writesMore(changeset);
  const prepared = isMore ? await prepare(write, changeset) : changeset;
  if (!prepared.valid) return refused(write, prepared);
  const parents = isMore && action !== "delete" ? await writeParents(write.writer, prepared) : undefined;
  if (parents?.ok === false) return refused(write, parents.error);
  const columns = columnsOf(action, prepared, parents?.columns);
  const filters: Row = { ...prepared.filters, id: (prepared.data as Row)["id"] };
  let row: Row | undefined;
  try {
    // A row of which nothing changes but what belongs to it is left alone.
    const isAsIs = action === "update" && Object.keys(columns).length === 0;
    row = isAsIs ? ownColumns(prepared) : await write.query(columns, filters);
  } catch (error) {
    return refused(write, await constraintError(write, prepared, { ...filters, ...columns }, error));
  }
  if (row === undefined && action !== "insert") {
    if (options.allowStale !== true) return stale(write, action, prepared);
    return { ok: true, value: prepared.data as Row };
  }
  if (action === "delete" || row === undefined || !isMore) return { ok: true, value: row };
  const whole = { ...row, ...embedsIn(prepared, row), ...parents?.rows };
  const children = await writeChildren(write.writer, action, prepared, whole);
  if (!children.ok) return refused(write, children.error);
  await parents?.finish();
  return { ok: true, value: { ...whole, ...children.rows } };
}

function isChanging({ changes, nested }: Changeset<object>): boolean {
  if (Object.keys(changes).length > 0) return true;
  return Object.values(nested).some((one) => one.changes !== undefined);
}

async function prepare({ writing }: RowWrite, changeset: Changeset<object>): Promise<Changeset<object>> {
  let prepared = changeset;
  for (const step of changeset.prepare) {
    const run = step as unknown as (changeset: Changeset<object>, db: unknown) => unknown;
    const result = await run(prepared, writing);
    if (!isChangeset(result)) throw repoError("ROOKERY_CHANGESET_PREPARE", [result]);
    prepared = result;
  }
  return prepared;
}

/** What is written of the row itself. */
function columnsOf(
  action: RowWrite["action"],
  changeset: Changeset<object>,
  foreignKeys: Row | undefined,
): Row {
  if (action === "delete") return {};
  const own =
    action === "insert" ? { ...ownColumns(changeset), ...changeset.changes } : { ...changeset.changes };
  return foreignKeys === undefined
    ? (own as Row)
    : { ...own, ...embeds(changeset, action === "insert"), ...foreignKeys };
}

/** What `data` has, without the rows of associations. */
function ownColumns({ data, nested }: Changeset<object>): Row {
  const row = data as Row;
  const isOwn = (name: string): boolean => {
    const relation = Object.hasOwn(nested, name) ? nested[name]?.relation : undefined;
    return relation === undefined || isEmbed(relation);
  };
  return Object.keys(nested).length === 0
    ? row
    : Object.fromEntries(Object.entries(row).filter(([name]) => isOwn(name)));
}

/** The embeds as JSON: those that change, or all. */
function embeds(changeset: Changeset<object>, all: boolean): Row {
  let columns: Row = {};
  for (const [name, nested] of Object.entries(changeset.nested)) {
    if (!isEmbed(nested.relation)) continue;
    const row = {
      ...(all ? (changeset.data as Row) : {}),
      ...appliedNested(name, nested, applyChanges),
    } as Row;
    const value = Object.hasOwn(row, name) ? row[name] : undefined;
    if (value === undefined) continue;
    columns = {
      ...columns,
      [name]: typeof value === "object" && value !== null ? JSON.stringify(value) : value,
    };
  }
  return columns;
}

/** What the embeds of a row stand for, where the database answers their JSON. */
function embedsIn({ nested }: Changeset<object>, row: Row): Row {
  const found = Object.entries(nested).flatMap(([name, { relation }]) => {
    const value = isEmbed(relation) && Object.hasOwn(row, name) ? row[name] : undefined;
    return typeof value === "string" ? [[name, JSON.parse(value) as unknown]] : [];
  });
  return Object.fromEntries(found) as Row;
}

async function constraintError(
  { action, table, writing, violationOf }: RowWrite,
  changeset: Changeset<object>,
  row: Row,
  error: unknown,
): Promise<Changeset<object>> {
  const violation = violationOf(error);
  if (violation === undefined) throw error;
  const failed =
    violation.kind === "foreign_key" && violation.on === ""
      ? await withForeignKey(
          writing as Db,
          table,
          changeset,
          { ...(changeset.data as Row), ...row },
          action,
          violation,
        )
      : withViolation(changeset, violation);
  if (failed === undefined)
    throw repoError("ROOKERY_REPO_CONSTRAINT", [table, (error as Error).message], error);
  return failed;
}

async function withForeignKey(
  db: Db,
  table: string,
  changeset: Changeset<object>,
  row: Row,
  action: RowWrite["action"],
  violation: Violation,
): Promise<Changeset<object> | undefined> {
  const broken = await brokenForeignKey(db, table, row, changeset, action);
  return broken === undefined ? undefined : withBroken(changeset, broken, violation);
}

function stale(
  { table, options }: RowWrite,
  action: "update" | "delete",
  changeset: Changeset<object>,
): RowResult {
  const { staleErrorField, staleErrorMessage = "is stale" } = options;
  if (staleErrorField === undefined) {
    throw new StaleEntryError(table, (changeset.data as Row)["id"], action);
  }
  const failed = addError(changeset, staleErrorField, staleErrorMessage, { stale: true });
  return { ok: false, error: replace(failed, { action }) };
}

function refused({ action }: RowWrite, changeset: Changeset<object>): RowResult {
  return { ok: false, error: replace(changeset, { action }) };
}
