import { type Kysely, type Selectable, sql } from "kysely";
import { addError, type Changeset, type FieldOf, getField, replace } from "./changeset.ts";
import type { TableOf } from "./multi.ts";

/** What `unsafeValidateUnique` says, and of which field: the options of `Ecto.Changeset.unsafe_validate_unique`. */
export interface UnsafeUniqueOptions {
  readonly message?: string;
  /** The field that gets the error. Default: the first of the fields. */
  readonly errorKey?: string;
  /** Whether rows with null in a field are all different, as they are for an index. Default: true. */
  readonly nullsDistinct?: boolean;
}

/**
 * Adds "has already been taken" if another row of the table has the same in all `fields` (`unsafe_validate_unique/4`). Only
 * asks if one of them changes and none has an error. Somebody may write such a row right after: it is for telling early,
 * together with other errors, and `uniqueConstraint` is what keeps the rule.
 *
 * ```ts
 * const user = await unsafeValidateUnique(registration(params), repo.db, "users", ["email"]);
 * const result = await repo.insert("users", uniqueConstraint(user, "email"));
 * ```
 */
export async function unsafeValidateUnique<Row extends object, DB, Table extends TableOf<DB>>(
  changeset: Changeset<Row>,
  db: Kysely<DB>,
  table: Table,
  fields: readonly [UniqueField<Row, DB, Table>, ...UniqueField<Row, DB, Table>[]],
  options: UnsafeUniqueOptions = {},
): Promise<Changeset<Row>> {
  const { message = "has already been taken", errorKey = fields[0], nullsDistinct = true } = options;
  const rule = { field: fields[0], validation: "unsafe_unique", rule: fields };
  const result = replace(changeset, { validations: [rule, ...changeset.validations] });
  const values = fields.map((field): [string, unknown] => [field, getField(changeset, field) ?? null]);
  const isUnasked =
    !fields.some((field) => Object.hasOwn(changeset.changes, field)) ||
    changeset.errors.some(({ field }) => fields.some((one) => one === field)) ||
    (nullsDistinct && values.some(([, value]) => value === null));
  if (isUnasked) return result;
  const any = db as unknown as Kysely<Record<string, Record<string, unknown>>>;
  let query = any.selectFrom(table as string).select(sql<number>`1`.as("there"));
  for (const [field, value] of values) query = query.where(field, value === null ? "is" : "=", value);
  const { id } = changeset.data as { readonly id?: unknown };
  if (id !== undefined && id !== null) query = query.where("id", "!=", id);
  if ((await query.limit(1).executeTakeFirst()) === undefined) return result;
  return addError(result, errorKey, message, { validation: "unsafe_unique", fields });
}

type UniqueField<Row extends object, DB, Table extends TableOf<DB>> = FieldOf<Row> &
  keyof Selectable<DB[Table]> &
  string;
