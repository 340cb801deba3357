import { isDeepStrictEqual } from "node:util";
import { repoError } from "./errors.ts";

/** The values of a row that change; null is what an emptied field becomes. */
export type Changes<Row extends object> = { readonly [Field in keyof Row]?: Row[Field] | null };

export type FieldOf<Row extends object> = keyof Row & string;

/** What a message was made of: `%{count}` in it stands for `count` here. */
export type ErrorOptions = Readonly<Record<string, unknown>>;

export interface FieldError {
  readonly field: string;
  readonly message: string;
  readonly options: ErrorOptions;
}

/** A rule that only the database can check. Broken there, it becomes an error of `field`. */
export interface Constraint {
  readonly kind: "unique";
  /** The columns of the index in its order, or the name of an index on an expression. */
  readonly on: readonly string[] | string;
  readonly field: string;
  readonly message: string;
}

export type ChangesetAction = "insert" | "update" | "delete";

/**
 * What shall become of a row, and what speaks against it: plain data, never changed, only replaced (`Ecto.Changeset`).
 * `data` is the row as it is ({} for a new one) and `changes` what differs from it.
 */
export interface Changeset<Row extends object> {
  readonly data: Readonly<Partial<Row>>;
  readonly changes: Changes<Row>;
  /** The newest first, as Ecto has them. */
  readonly errors: readonly FieldError[];
  readonly valid: boolean;
  /** What `cast` was given, for forms that show it again; `{}` if it was no object. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
  readonly constraints: readonly Constraint[];
  /** What a repo has tried to do with it, once it failed. */
  readonly action: ChangesetAction | undefined;
}

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

/** A changeset of `data` with `changes`, from a trusted hand: nothing is cast (`Ecto.Changeset.change/2`). */
export function change<Row extends object>(
  data: Partial<Row>,
  changes: Changes<NoInfer<Row>> = {},
): Changeset<Row> {
  const empty: Changeset<Row> = {
    data,
    changes: {},
    errors: [],
    valid: true,
    params: {},
    required: [],
    constraints: [],
    action: undefined,
  };
  return Object.entries(changes).reduce(
    (changeset, [field, value]) => put(changeset, field, value),
    Object.freeze(empty),
  );
}

/**
 * Takes from `params`, which may be anything a client sent, the fields of `permitted` (all of `types`, if not given)
 * and casts each by its type: a zod schema or any other Standard Schema (`Ecto.Changeset.cast/4`). Other keys are
 * ignored, inherited ones too. A blank string counts as null; null is never cast. A value that equals the one in `data`
 * is no change. One that its type refuses leaves the error "is invalid", or the type's own message if the value only
 * breaks a rule, not the type.
 *
 * Throws `ROOKERY_CHANGESET_FIELD` for a permitted field without type, `ROOKERY_CHANGESET_ASYNC` for a type that waits.
 * @example
 * ```ts doctest
 * const { z } = await import("zod");
 * const user = cast({ id: 1, name: "Ada" }, { name: "Eva", admin: true }, { name: z.string() });
 * user.changes; // => { name: "Eva" }
 * ```
 */
export function cast<Data extends object, Types extends FieldTypes>(
  data: Data,
  params: unknown,
  types: Types,
  permitted: readonly (keyof Types & string)[] = Object.keys(types),
): Changeset<Data & CastRow<Types>> {
  const given = isRecord(params) ? params : {};
  let changeset = replace(change<Data & CastRow<Types>>(data as Partial<Data & CastRow<Types>>), {
    params: given,
  });
  for (const field of permitted) {
    const type = Object.hasOwn(types, field) ? types[field] : undefined;
    if (type === undefined) throw repoError("ROOKERY_CHANGESET_FIELD", [field]);
    if (!Object.hasOwn(given, field)) continue;
    const value = given[field];
    changeset = isBlank(value) ? put(changeset, field, null) : castField(changeset, field, value, type);
  }
  return changeset;
}

/** The change of `field`, or undefined if it does not change (`get_change/3`). */
export function getChange<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
): Row[Field] | null | undefined {
  return Object.hasOwn(changeset.changes, field) ? changeset.changes[field] : undefined;
}

/** What `field` will be: its change if there is one, else what it is (`get_field/3`). */
export function getField<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
): Row[Field] | null | undefined {
  if (Object.hasOwn(changeset.changes, field)) return changeset.changes[field];
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

/**
 * Leaves `field` as it is in `data`: for one that is no column, such as a password that was hashed (`delete_change/2`).
 */
export function deleteChange<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
): Changeset<Row> {
  const { [field]: _, ...changes } = changeset.changes;
  return replace(changeset, { changes: changes as Changes<Row> });
}

/** The row with its changes, whether they are valid or not (`apply_changes/1`). */
export function applyChanges<Row extends object>(changeset: Changeset<Row>): Partial<Row> {
  return { ...changeset.data, ...(changeset.changes as Partial<Row>) };
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

/**
 * The messages of each field, the newest error first: what an API answers (`traverse_errors/2`). `render` makes the
 * text of an error; without it, each `%{name}` in the message becomes the option of that name.
 * @example
 * ```ts doctest
 * const post = addError(change({}), "title", "should be at least %{count} character(s)", { count: 3 });
 * traverseErrors(post); // => { title: ["should be at least 3 character(s)"] }
 * ```
 */
export function traverseErrors(
  changeset: Pick<Changeset<object>, "errors">,
  render: (error: FieldError) => string = interpolated,
): Record<string, string[]> {
  const messages = Map.groupBy(changeset.errors, (error) => error.field);
  return Object.fromEntries(
    [...messages].map(([field, errors]) => [field, errors.map((error) => render(error))]),
  );
}

/**
 * Turns a failure of the UNIQUE index on `fields` into an error of the first of them, once a repo runs into it
 * (`unique_constraint/3`). `name` is needed for an index on an expression only, `lower(email)` for one: SQLite names
 * the columns of others. Checks nothing by itself.
 */
export function uniqueConstraint<Row extends object>(
  changeset: Changeset<Row>,
  fields: FieldOf<Row> | readonly [FieldOf<Row>, ...FieldOf<Row>[]],
  options: { readonly name?: string; readonly message?: string } = {},
): Changeset<Row> {
  const columns = typeof fields === "string" ? [fields] : fields;
  const { name, message = "has already been taken" } = options;
  const constraint: Constraint = {
    kind: "unique",
    on: name ?? columns,
    field: columns[0] as string,
    message,
  };
  return replace(changeset, { constraints: [...changeset.constraints, constraint] });
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

// Computed keys and hasOwn, here and above: a field called "__proto__" or "constructor" is a field like any other
// to them, where `changes[field] = value` would reach the prototype.
function put<Row extends object>(changeset: Changeset<Row>, field: string, value: unknown): Changeset<Row> {
  const { data } = changeset;
  const before = Object.hasOwn(data, field) ? (data as Record<string, unknown>)[field] : null;
  if (isDeepStrictEqual(before ?? null, value ?? null)) return deleteChange(changeset, field as FieldOf<Row>);
  return replace(changeset, { changes: { ...changeset.changes, [field]: value ?? null } });
}

function castField<Row extends object>(
  changeset: Changeset<Row>,
  field: string,
  value: unknown,
  type: FieldType,
): Changeset<Row> {
  const result = type["~standard"].validate(value);
  if (result instanceof Promise) throw repoError("ROOKERY_CHANGESET_ASYNC", [field]);
  if (result.issues === undefined) return put(changeset, field, result.value);
  const issue = result.issues[0];
  const isTypeIssue =
    issue?.code === undefined || issue.code === "invalid_type" || issue.code === "invalid_union";
  const path = issue?.path?.length ? { path: issue.path } : {};
  const options = { validation: "cast", ...path };
  return addError(changeset, field, isTypeIssue ? "is invalid" : issue.message, options);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function interpolated({ message, options }: FieldError): string {
  return message.replace(/%\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(options, name) ? String(options[name]) : whole,
  );
}
