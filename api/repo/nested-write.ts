import { type Association, isEmbed, type Nested, type OnReplace } from "./association.ts";
import { change, type Changeset, replace } from "./changeset.ts";
import { repoError } from "./errors.ts";

type Row = Record<string, unknown>;

type Written =
  | { readonly ok: true; readonly value: Row | undefined }
  | { readonly ok: false; readonly error: Changeset<object> };

/** Writes rows of any table: a transaction's own functions. */
export interface NestedWriter {
  write(
    action: "insert" | "update" | "delete",
    table: string,
    changeset: Changeset<object>,
    allowStale: boolean,
  ): Promise<Written>;
}

/** The parents of a row that were written before it. */
type Parents =
  | {
      readonly ok: true;
      /** The foreign keys to them. */
      readonly columns: Row;
      readonly rows: Row;
      /** Deletes those that it had before, once it does not refer to them any more. */
      readonly finish: () => Promise<void>;
    }
  | { readonly ok: false; readonly error: Changeset<object> };

type Children =
  | { readonly ok: true; readonly rows: Row }
  | { readonly ok: false; readonly error: Changeset<object> };

/** What a relation's rows become when they don't stay. */
const replacing: Readonly<Record<OnReplace, "update" | "delete" | undefined>> = {
  raise: undefined,
  mark_as_invalid: undefined,
  nilify: "update",
  update: "update",
  delete: "delete",
  delete_if_exists: "delete",
};

/** Writes the rows to which one belongs. */
export async function writeParents(writer: NestedWriter, changeset: Changeset<object>): Promise<Parents> {
  let columns: Row = {};
  let rows: Row = {};
  const leaving: (() => Promise<unknown>)[] = [];
  for (const [name, nested] of Object.entries(changeset.nested)) {
    const { relation } = nested;
    if (isEmbed(relation) || relation.kind !== "belongsTo") continue;
    const parent = nested.changes as Changeset<object> | null | undefined;
    const before = storedOne(changeset, name);
    if (parent === undefined) {
      if (Object.hasOwn(changeset.data, name)) rows = { ...rows, [name]: before };
      continue;
    }
    const { table, foreignKey, otherKey = "id", onReplace = "raise" } = relation;
    const isGone = parent === null || parent.action === "delete";
    let row: Row | undefined;
    if (!isGone) {
      const written = await writer.write(parent.action as "insert" | "update", table, parent, false);
      if (!written.ok) return { ok: false, error: failing(changeset, name, nested, parent, written.error) };
      row = written.value;
    }
    columns = { ...columns, [foreignKey]: row?.[otherKey] ?? null };
    rows = { ...rows, [name]: row ?? null };
    const isLeft = before !== null && before["id"] !== row?.["id"];
    if (isLeft && (parent?.action === "delete" || replacing[onReplace] === "delete")) {
      leaving.push(() => leave(writer, relation, before));
    }
  }
  const finish = async (): Promise<void> => {
    for (const one of leaving) await one();
  };
  return { ok: true, columns, rows, finish };
}

/** Writes the rows that belong to `row`, which has been written. */
export async function writeChildren(
  writer: NestedWriter,
  action: "insert" | "update",
  changeset: Changeset<object>,
  row: Row,
): Promise<Children> {
  let rows: Row = {};
  for (const [name, nested] of Object.entries(changeset.nested)) {
    const { relation, changes } = nested;
    if (isEmbed(relation) || relation.kind === "belongsTo") continue;
    if (changes === undefined) {
      if (Object.hasOwn(changeset.data, name)) rows = { ...rows, [name]: (changeset.data as Row)[name] };
      continue;
    }
    const before = relation.kind === "hasOne" ? storedOne(changeset, name) : null;
    const one = Array.isArray(changes) ? null : (changes as Changeset<object> | null);
    if (before !== null && (one?.data as Row | undefined)?.["id"] !== before["id"]) {
      await leave(writer, relation, before);
    }
    const kept: Row[] = [];
    for (const child of [changes ?? []].flat() as Changeset<object>[]) {
      if (child.action === "delete" && action === "insert") {
        throw repoError("ROOKERY_CHANGESET_NESTED_ACTION", [name, "insert", "delete"]);
      }
      const written = await writeChild(writer, relation, child, row[relation.ownerKey ?? "id"]);
      if (!written.ok) return { ok: false, error: failing(changeset, name, nested, child, written.error) };
      if (written.value !== undefined) kept.push(written.value);
    }
    rows = { ...rows, [name]: relation.kind === "hasMany" ? kept : (kept[0] ?? null) };
  }
  return { ok: true, rows };
}

async function writeChild(
  writer: NestedWriter,
  { table, foreignKey, onReplace = "raise" }: Association,
  child: Changeset<object>,
  ownerKey: unknown,
): Promise<Written> {
  const isReplaced = child.action === "replace";
  const action = (isReplaced ? replacing[onReplace] : child.action) as "insert" | "update" | "delete";
  if (action === "delete") {
    const deleted = await writer.write(
      "delete",
      table,
      child,
      isReplaced && onReplace === "delete_if_exists",
    );
    return deleted.ok ? { ok: true, value: undefined } : deleted;
  }
  const owned = change<Row>(child as Changeset<Row>, { [foreignKey]: isReplaced ? null : ownerKey });
  const written = await writer.write(action, table, owned, false);
  return written.ok && isReplaced ? { ok: true, value: undefined } : written;
}

/** Deletes a row that is not among those of its parent any more, or cuts it off. */
async function leave(writer: NestedWriter, association: Association, row: Row): Promise<void> {
  const isOwner = association.kind === "belongsTo";
  const replaced = replace(change<object>(row), { action: isOwner ? "delete" : "replace" });
  const result = await writeChild(writer, association, replaced, null);
  if (!result.ok) throw repoError("ROOKERY_CHANGESET_REPLACE", [association.table, row]);
}

function storedOne({ data }: Changeset<object>, name: string): Row | null {
  return ((Object.hasOwn(data, name) ? (data as Row)[name] : null) ?? null) as Row | null;
}

/** The changeset of the whole, with the one of its rows that failed. */
function failing(
  changeset: Changeset<object>,
  name: string,
  nested: Nested,
  failed: Changeset<object>,
  error: Changeset<object>,
): Changeset<object> {
  // Without the foreign key, which is no change that somebody has asked for.
  const refused = replace(error, { changes: failed.changes, action: failed.action });
  const { changes } = nested;
  const all = Array.isArray(changes)
    ? (changes as Changeset<object>[]).map((one) => (one === failed ? refused : one))
    : refused;
  return replace(changeset, {
    nested: { ...changeset.nested, [name]: { ...nested, changes: all } },
    valid: false,
  });
}
