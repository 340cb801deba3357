import { isDeepStrictEqual } from "node:util";
import type { Kysely } from "kysely";
import { appliedNested, type Nested } from "./association.ts";
import { repoError } from "./errors.ts";

/** The values of a row that change; null is what an emptied field becomes. */
export type Changes<Row extends object> = { readonly [Field in keyof Row]?: Row[Field] | null };

export type FieldOf<Row extends object> = keyof Row & string;

/** What a message was made of: `%{count}` in it stands for `count` here. */
export type ErrorOptions = Readonly<Record<string, unknown>>;

/** What is wrong with a field, with the values that its message names: an entry of `Ecto.Changeset.errors`. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
  readonly options: ErrorOptions;
}

/** A rule that only the database can check. Broken there, it becomes an error of `field`. */
export interface Constraint {
  readonly kind: "unique" | "foreign_key" | "check" | "exclusion";
  /** The columns that it is about. */
  readonly columns: readonly string[];
  /** Its name, or an expression for that; undefined where the columns are enough to know it. */
  readonly name: string | RegExp | undefined;
  /** How much of the name `name` is. */
  readonly match: "exact" | "prefix" | "suffix";
  readonly field: string;
  readonly message: string;
  /** What the error says that was broken; foreign keys are broken in three ways. */
  readonly type: "unique" | "foreign" | "assoc" | "no_assoc" | "check" | "exclusion";
  /** Where the rows are that refer to this one by `columns`, and to which column of it. */
  readonly referrer?: { readonly table: string; readonly ownerKey: string };
}

/** A rule that a validation has checked: what a form or a documentation can be made of. */
export interface Validation {
  readonly field: string;
  readonly validation: string;
  /** The rule itself: an expression, a list of values, the options of a length. */
  readonly rule: unknown;
}

/**
 * What becomes of a row. A repo sets the first three; `replace` is for one that its parent doesn't keep, and `ignore` for
 * one that its parent leaves alone.
 */
export type ChangesetAction = "insert" | "update" | "delete" | "replace" | "ignore";

/**
 * What shall become of a row, and what speaks against it: plain data, never changed, only replaced (`Ecto.Changeset`).
 * `data` is the row as it is ({} for a new one) and `changes` what differs from it.
 */
export interface Changeset<Row extends object> {
  readonly data: Readonly<Partial<Row>>;
  readonly changes: Changes<Row>;
  /** What becomes of the rows that belong to this one, by the name of their association; of its embeds, too. */
  readonly nested: Readonly<Record<string, Nested>>;
  /** The newest first, as Ecto has them. */
  readonly errors: readonly FieldError[];
  readonly valid: boolean;
  /**
   * What `cast` was given, for forms that show it again; `{}` if it was no object. Undefined if nothing was cast.
   */
  readonly params: Readonly<Record<string, unknown>> | undefined;
  readonly required: readonly string[];
  /** The newest first. */
  readonly validations: readonly Validation[];
  readonly constraints: readonly Constraint[];
  /** What the row must have, besides its id, to be updated or deleted: by `optimisticLock`. */
  readonly filters: Readonly<Record<string, unknown>>;
  /** What `prepareChanges` was given. */
  readonly prepare: readonly Prepare[];
  /** What a repo has tried to do with it, once it failed, or shall do with it as part of another. */
  readonly action: ChangesetAction | undefined;
}

/** Changes a changeset in the transaction that writes it. */
export type Prepare = (changeset: never, db: never) => unknown;

/** The part of the Standard Schema that `cast` needs; zod's types have it, and others. */
export interface FieldType<Value = unknown> {
  readonly "~standard": {
    readonly validate: (value: unknown) => TypeResult<Value> | Promise<TypeResult<Value>>;
    readonly types?: { readonly output: Value } | undefined;
  };
}

type TypeResult<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: readonly TypeIssue[] };

interface TypeIssue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
  /** zod's, beyond the standard. */
  readonly code?: unknown;
}

export type FieldTypes = Readonly<Record<string, FieldType>>;

/** The row that `Types` describe. */
export type CastRow<Types extends FieldTypes> = {
  [Field in keyof Types]: NonNullable<Types[Field]["~standard"]["types"]>["output"];
};

/** How `cast` casts. */
export interface CastOptions {
  /** Whether a value counts as null. Default: a string of nothing but white space. */
  readonly isEmpty?: (value: unknown) => boolean;
  /** Takes also what equals the value in `data` for a change. Default: false. */
  readonly forceChanges?: boolean;
  /** The message for a value that its type refuses, if it returns one. */
  readonly message?: (error: FieldError) => string | undefined;
}

// No JSON has a symbol: what a client sent is never taken for a changeset, whatever it looks like.
const isMade = Symbol("changeset");

const empty: Omit<Changeset<object>, "data"> = {
  changes: {},
  nested: {},
  errors: [],
  valid: true,
  params: undefined,
  required: [],
  validations: [],
  constraints: [],
  filters: {},
  prepare: [],
  action: undefined,
};

/**
 * A changeset of `data`, or the one that is given, with `changes` from a trusted hand: nothing is cast
 * (`Ecto.Changeset.change/2`).
 */
export function change<Row extends object>(
  data: Changeset<Row>,
  changes?: Changes<NoInfer<Row>>,
): Changeset<Row>;
export function change<Row extends object>(
  data: Partial<Row>,
  changes?: Changes<NoInfer<Row>>,
): Changeset<Row>;
export function change<Row extends object>(
  data: Partial<Row> | Changeset<Row>,
  changes: Changes<NoInfer<Row>> = {},
): Changeset<Row> {
  return Object.entries(changes).reduce(
    (changeset, [field, value]) => put(changeset, field, value),
    changesetOf<Row>(data),
  );
}

/**
 * Takes from `params`, which may be anything a client sent, the fields of `permitted` (all of `types`, if not given)
 * and casts each by its type: a zod schema or any other Standard Schema (`Ecto.Changeset.cast/4`). Other keys are
 * ignored, inherited ones too. A blank string counts as null; null is never cast. A value that equals the one in `data`
 * is no change. One that its type refuses leaves the error "is invalid", or the type's own message if the value only
 * breaks a rule, not the type. A changeset in the place of `data` is cast further.
 *
 * Throws `ROOKERY_CHANGESET_FIELD` for a permitted field without type, `ROOKERY_CHANGESET_ASYNC` for a type that waits.
 * @example
 * ```ts doctest
 * const { z } = await import("zod");
 * const user = cast({ id: 1, name: "Ada" }, { name: "Eva", admin: true }, { name: z.string() });
 * user.changes; // => { name: "Eva" }
 * ```
 */
export function cast<Row extends object, Types extends FieldTypes>(
  changeset: Changeset<Row>,
  params: unknown,
  types: Types,
  permitted?: readonly (keyof Types & string)[],
  options?: CastOptions,
): Changeset<Row & CastRow<Types>>;
export function cast<Data extends object, Types extends FieldTypes>(
  data: Data,
  params: unknown,
  types: Types,
  permitted?: readonly (keyof Types & string)[],
  options?: CastOptions,
): Changeset<Data & CastRow<Types>>;
export function cast<Types extends FieldTypes>(
  data: object,
  params: unknown,
  types: Types,
  permitted: readonly (keyof Types & string)[] = Object.keys(types),
  { isEmpty = isBlank, forceChanges = false, message }: CastOptions = {},
): Changeset<object> {
  const given = isRecord(params) ? params : {};
  const before = changesetOf<object>(data);
  const errors: FieldError[] = [];
  let changeset = before;
  for (const field of permitted) {
    const type = Object.hasOwn(types, field) ? types[field] : undefined;
    if (type === undefined) throw repoError("ROOKERY_CHANGESET_FIELD", [field]);
    if (!Object.hasOwn(given, field)) continue;
    const value = isEmpty(given[field]) ? null : given[field];
    const result = value === null ? { value } : castValue(field, value, type);
    if ("value" in result) {
      changeset = put(changeset, field, result.value, forceChanges);
    } else errors.push({ ...result, message: message?.(result) ?? result.message });
  }
  return replace(changeset, {
    params: before.params === undefined ? given : { ...before.params, ...given },
    errors: before.errors.length === 0 ? errors : uniqueErrors([...before.errors, ...errors]),
    valid: before.valid && errors.length === 0,
  });
}

/**
 * The change of `field`, or undefined if it does not change (`get_change/3`). Of an association: the rows that there
 * will be; its changesets are what `getAssoc` answers.
 */
export function getChange<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
): Row[Field] | null | undefined {
  if (Object.hasOwn(changeset.changes, field)) return changeset.changes[field];
  return nestedOf(changeset, field) as Row[Field] | null | undefined;
}

/** What `field` will be: its change if there is one, else what it is (`get_field/3`). */
export function getField<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
): Row[Field] | null | undefined {
  const value = getChange(changeset, field);
  if (value !== undefined) return value;
  return Object.hasOwn(changeset.data, field) ? changeset.data[field] : undefined;
}

/** Changes `field` to `value`, uncast. The value that `data` has already is no change (`put_change/3`). */
export function putChange<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  value: Row[Field] | null,
): Changeset<Row> {
  return put(changeset, field, value);
}

/** Changes `field` to `value` also if `data` has that already: it is written anyhow (`force_change/3`). */
export function forceChange<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  value: Row[Field] | null,
): Changeset<Row> {
  return put(changeset, field, value, true);
}

/** Changes the change of `field`, if there is one, to what `update` makes of it (`update_change/3`). */
export function updateChange<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  update: (value: Row[Field] | null) => Row[Field] | null,
): Changeset<Row> {
  if (!Object.hasOwn(changeset.changes, field)) return changeset;
  return put(changeset, field, update(changeset.changes[field] as Row[Field] | null));
}

/** Whether `field` changes: from the value `from` and to the value `to`, if these are given (`changed?/3`). */
export function isChanged<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  values: { readonly from?: Row[Field] | null; readonly to?: Row[Field] | null } = {},
): boolean {
  const to = getChange(changeset, field);
  if (to === undefined) return false;
  const from = Object.hasOwn(changeset.data, field) ? changeset.data[field] : null;
  if ("from" in values && !isDeepStrictEqual(from ?? null, values.from ?? null)) return false;
  return !("to" in values) || isDeepStrictEqual(to, values.to ?? null);
}

/**
 * Leaves `field` as it is in `data`: for one that is no column, such as a password that was hashed (`delete_change/2`).
 */
export function deleteChange<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
): Changeset<Row> {
  const { [field]: _, ...changes } = changeset.changes;
  const nested = Object.hasOwn(changeset.nested, field) ? changeset.nested[field] : undefined;
  return replace(changeset, {
    changes: changes as Changes<Row>,
    nested:
      nested === undefined
        ? changeset.nested
        : { ...changeset.nested, [field]: { ...nested, changes: undefined } },
  });
}

/** The row with its changes, and with the rows that belong to it, whether they are valid or not (`apply_changes/1`). */
export function applyChanges<Row extends object>(changeset: Changeset<Row>): Partial<Row> {
  let row: Partial<Row> = { ...changeset.data, ...(changeset.changes as Partial<Row>) };
  for (const [field, nested] of Object.entries(changeset.nested)) {
    row = { ...row, ...appliedNested(field, nested, applyChanges) };
  }
  return row;
}

/**
 * The row with its changes if they are valid, else the changeset, marked with the action: what a repo does, for data that
 * goes to no database (`apply_action/2`).
 */
export function applyAction<Row extends object>(
  changeset: Changeset<Row>,
  action: ChangesetAction,
):
  | { readonly ok: true; readonly value: Partial<Row> }
  | { readonly ok: false; readonly error: Changeset<Row> } {
  return changeset.valid
    ? { ok: true, value: applyChanges(changeset) }
    : { ok: false, error: replace(changeset, { action }) };
}

/**
 * Both changesets in one, the changes of the second before those of the first (`merge/2`). Throws `ROOKERY_CHANGESET_MERGE`
 * if they are of different data.
 */
export function mergeChangesets<First extends object, Second extends object>(
  first: Changeset<First>,
  second: Changeset<Second>,
): Changeset<First & Second> {
  const same =
    isDeepStrictEqual(first.data, second.data) &&
    (first.action === second.action || first.action === undefined || second.action === undefined);
  if (!same) throw repoError("ROOKERY_CHANGESET_MERGE", [second.data, first.data]);
  const left = first as Changeset<object>;
  return replace(left, {
    changes: { ...first.changes, ...second.changes },
    nested: { ...first.nested, ...second.nested },
    errors: uniqueErrors([...first.errors, ...second.errors]),
    valid: first.valid && second.valid,
    params:
      first.params === undefined && second.params === undefined
        ? undefined
        : { ...first.params, ...second.params },
    required: [...new Set([...first.required, ...second.required])],
    validations: [...first.validations, ...second.validations],
    constraints: [...first.constraints, ...second.constraints],
    filters: { ...first.filters, ...second.filters },
    prepare: [...first.prepare, ...second.prepare],
    action: first.action ?? second.action,
  }) as Changeset<First & Second>;
}

/**
 * Calls `prepare` with the changeset once a repo writes it, in the transaction and before the row itself: with the
 * transaction's Kysely, for a counter in another table. It returns the changeset to write (`prepare_changes/2`). As
 * everything in a transaction, it may run more than once.
 */
export function prepareChanges<Row extends object, DB>(
  changeset: Changeset<Row>,
  prepare: (changeset: Changeset<Row>, db: Kysely<DB>) => Changeset<Row> | Promise<Changeset<Row>>,
): Changeset<Row> {
  return replace(changeset, { prepare: [...changeset.prepare, prepare] });
}

/** Adds an error: the changeset is not valid any more (`add_error/4`). */
export function addError<Row extends object>(
  changeset: Changeset<Row>,
  field: string,
  message: string,
  options: ErrorOptions = {},
): Changeset<Row> {
  return replace(changeset, { errors: [{ field, message, options }, ...changeset.errors], valid: false });
}

/** @internal The same changeset with some of its parts replaced. */
export function replace<Row extends object>(
  changeset: Changeset<Row>,
  parts: Partial<Changeset<Row>>,
): Changeset<Row> {
  return Object.freeze({ ...changeset, ...parts });
}

/** @internal Null, undefined, and strings of nothing but white space. */
export function isBlank(value: unknown): value is null | undefined | string {
  return value === null || value === undefined || (typeof value === "string" && value.trim() === "");
}

/** @internal Whether it is a changeset, made here: nothing that a client has sent is. */
export function isChangeset(value: unknown): value is Changeset<object> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, isMade);
}

/** @internal An object that is no array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function changesetOf<Row extends object>(data: object): Changeset<Row> {
  if (isChangeset(data)) return data as Changeset<Row>;
  return Object.freeze({ ...(empty as Changeset<Row>), data: data as Partial<Row>, [isMade]: true });
}

// Computed keys and hasOwn, here and above: a field called "__proto__" or "constructor" is a field like any other
// to them, where `changes[field] = value` would reach the prototype.
function put<Row extends object>(
  changeset: Changeset<Row>,
  field: string,
  value: unknown,
  force: boolean = false,
): Changeset<Row> {
  const { data } = changeset;
  const before = Object.hasOwn(data, field) ? (data as Record<string, unknown>)[field] : null;
  if (!force && isDeepStrictEqual(before ?? null, value ?? null)) {
    return Object.hasOwn(changeset.changes, field)
      ? deleteChange(changeset, field as FieldOf<Row>)
      : changeset;
  }
  return replace(changeset, { changes: { ...changeset.changes, [field]: value ?? null } });
}

function nestedOf(changeset: Changeset<object>, field: string): unknown {
  const nested = Object.hasOwn(changeset.nested, field) ? changeset.nested[field] : undefined;
  if (nested === undefined) return undefined;
  const applied: Readonly<Record<string, unknown>> = appliedNested(field, nested, applyChanges);
  return Object.hasOwn(applied, field) ? applied[field] : undefined;
}

function castValue(field: string, value: unknown, type: FieldType): { readonly value: unknown } | FieldError {
  const result = type["~standard"].validate(value);
  if (result instanceof Promise) throw repoError("ROOKERY_CHANGESET_ASYNC", [field]);
  if (result.issues === undefined) return result;
  const issue = result.issues[0];
  const isTypeIssue =
    issue?.code === undefined || issue.code === "invalid_type" || issue.code === "invalid_union";
  const path = issue?.path?.length ? { path: issue.path } : {};
  const options = { validation: "cast", ...path };
  return { field, message: isTypeIssue ? "is invalid" : issue.message, options };
}

function uniqueErrors(errors: readonly FieldError[]): FieldError[] {
  return errors.filter(
    (error, index) => !errors.slice(0, index).some((other) => isDeepStrictEqual(other, error)),
  );
}
