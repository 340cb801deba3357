import type { Association } from "./association.ts";
import { addError, type Changeset, type Constraint, type FieldOf, replace } from "./changeset.ts";

/** A rule of the database that a write has broken, as the database tells it. */
export interface Violation {
  readonly kind: "unique" | "foreign_key" | "check" | "exclusion" | "not_null" | "other";
  /**
   * The columns of a UNIQUE index; the name of an index on an expression, or of a CHECK; nothing for a
   * foreign key in SQLite, which doesn't say more of it.
   */
  readonly on: readonly string[] | string;
  /** The name of the constraint and its table, where the database tells them besides the columns. */
  readonly name?: string;
  readonly table?: string;
}

/** How a constraint is found, and what its error says. */
export interface ConstraintOptions {
  /** The name of the index or of the constraint, or an expression that it matches. */
  readonly name?: string | RegExp;
  /** How much of the name `name` is. Default: all of it. */
  readonly match?: Constraint["match"];
  readonly message?: string;
}

const kinds: Readonly<Record<string, Violation["kind"]>> = {
  SQLITE_CONSTRAINT_UNIQUE: "unique",
  SQLITE_CONSTRAINT_PRIMARYKEY: "unique",
  SQLITE_CONSTRAINT_ROWID: "unique",
  SQLITE_CONSTRAINT_FOREIGNKEY: "foreign_key",
  SQLITE_CONSTRAINT_CHECK: "check",
  SQLITE_CONSTRAINT_NOTNULL: "not_null",
};

/** What `error` says of a broken constraint; undefined for an error that is none. */
export function violationOf(error: unknown): Violation | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  if (!error.code.startsWith("SQLITE_CONSTRAINT")) return undefined;
  const kind = kinds[error.code] ?? "other";
  const subject = error.message.split(": ")[1] ?? "";
  if (kind !== "unique") return { kind, on: subject };
  // "UNIQUE constraint failed: users.org, users.email", or "…: index 'users_lower_email'"
  const index = /^index '(.*)'$/.exec(subject);
  if (index !== null) return { kind, on: index[1] as string };
  return { kind, on: subject.split(", ").map((column) => column.slice(column.indexOf(".") + 1)) };
}

/** `changeset` with the error of the constraint that was broken; undefined if it declares none for it. */
export function withViolation<Row extends object>(
  changeset: Changeset<Row>,
  violation: Violation,
): Changeset<Row> | undefined {
  // The newest first, as everything in a changeset.
  const broken = changeset.constraints.findLast((constraint) => isBroken(constraint, violation));
  return broken === undefined ? undefined : withBroken(changeset, broken, violation);
}

/** `changeset` with the error of that constraint. Its options have the name of the constraint, if the database tells it. */
export function withBroken<Row extends object>(
  changeset: Changeset<Row>,
  { field, message, type, name: declared }: Constraint,
  { on, name = typeof on === "string" && on !== "" ? on : undefined }: Violation,
): Changeset<Row> {
  const constraint_name = name ?? (typeof declared === "string" ? declared : undefined);
  const options = { constraint: type, ...(constraint_name === undefined ? {} : { constraint_name }) };
  return addError(changeset, field, message, options);
}

/**
 * Turns a failure of the UNIQUE index on `fields` into an error of the first of them, or of `errorKey`, once a repo runs
 * into it (`unique_constraint/3`). In SQLite, `name` is needed for an index on an expression only, `lower(email)` for one:
 * it names the columns of others, never the index. Checks nothing by itself.
 */
export function uniqueConstraint<Row extends object>(
  changeset: Changeset<Row>,
  fields: FieldOf<Row> | readonly [FieldOf<Row>, ...FieldOf<Row>[]],
  options: ConstraintOptions & { readonly errorKey?: string } = {},
): Changeset<Row> {
  const columns = typeof fields === "string" ? [fields] : fields;
  const field = options.errorKey ?? (columns[0] as string);
  return declare(changeset, "unique", "unique", columns, field, "has already been taken", options);
}

/**
 * Turns a failure of the foreign key in the column `field` into its error: there is no such row (`foreign_key_constraint/3`).
 *
 * SQLite does not tell which foreign key is broken. Where a changeset declares several, the repo looks which of the rows
 * are missing. It tells nothing before the commit of a deferred one (`DEFERRABLE INITIALLY DEFERRED`): this fails the
 * whole transaction, with `ROOKERY_REPO_COMMIT_FAILED`, and never becomes an error of a field.
 */
export function foreignKeyConstraint<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  options: ConstraintOptions = {},
): Changeset<Row> {
  return declare(changeset, "foreign_key", "foreign", [field], field, "does not exist", options);
}

/** As `foreignKeyConstraint` of the foreign key of a `belongsTo`, with the error on `field`, its name (`assoc_constraint/3`). */
export function assocConstraint<Row extends object>(
  changeset: Changeset<Row>,
  field: string,
  { foreignKey }: Association & { readonly kind: "belongsTo" },
  options: ConstraintOptions = {},
): Changeset<Row> {
  return declare(changeset, "foreign_key", "assoc", [foreignKey], field, "does not exist", options);
}

/**
 * Turns it into an error of `field`, the name of a `hasMany` or `hasOne`, that a row can't be deleted because others belong to
 * it (`no_assoc_constraint/3`).
 */
export function noAssocConstraint<Row extends object>(
  changeset: Changeset<Row>,
  field: string,
  { kind, table, foreignKey, ownerKey = "id" }: Association & { readonly kind: "hasMany" | "hasOne" },
  options: ConstraintOptions = {},
): Changeset<Row> {
  const message = `${kind === "hasMany" ? "are" : "is"} still associated with this entry`;
  const name = { name: `${table}_${foreignKey}_fkey`, ...options };
  const referrer = { table, ownerKey };
  return declare(changeset, "foreign_key", "no_assoc", [foreignKey], field, message, name, referrer);
}

/** Turns a failure of the CHECK of that name into an error of `field` (`check_constraint/3`). */
export function checkConstraint<Row extends object>(
  changeset: Changeset<Row>,
  field: string,
  options: ConstraintOptions & { readonly name: string | RegExp },
): Changeset<Row> {
  return declare(changeset, "check", "check", [], field, "is invalid", options);
}

/** Turns a failure of an EXCLUDE constraint, which PostgreSQL has, into an error of `field` (`exclusion_constraint/3`). */
export function exclusionConstraint<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  options: ConstraintOptions = {},
): Changeset<Row> {
  const message = "violates an exclusion constraint";
  return declare(changeset, "exclusion", "exclusion", [field], field, message, options);
}

function declare<Row extends object>(
  changeset: Changeset<Row>,
  kind: Constraint["kind"],
  type: Constraint["type"],
  columns: readonly string[],
  field: string,
  usual: string,
  { name, match = "exact", message = usual }: ConstraintOptions,
  referrer?: Constraint["referrer"],
): Changeset<Row> {
  const constraint: Constraint = { kind, columns, name, match, field, message, type };
  const complete = referrer === undefined ? constraint : { ...constraint, referrer };
  return replace(changeset, { constraints: [...changeset.constraints, complete] });
}

/** How the names of constraints end that were given none: by Ecto's migrations, and by PostgreSQL. */
const endings: Readonly<Record<Constraint["kind"], readonly string[]>> = {
  unique: ["index", "key", "idx"],
  foreign_key: ["fkey"],
  check: [],
  exclusion: ["exclusion", "excl"],
};

function isBroken({ kind, columns, name, match }: Constraint, violation: Violation): boolean {
  if (kind !== violation.kind) return false;
  const { on } = violation;
  if (name === undefined) {
    if (typeof on !== "string") return isSameSet(columns, on);
    return endings[kind].some((ending) => on.endsWith(`_${columns.join("_")}_${ending}`));
  }
  // SQLite names an index only if it has no columns.
  if (violation.name === undefined && typeof on !== "string") return isSameSet(columns, on);
  return [violation.name, on].some((other) => typeof other === "string" && named(other, name, match));
}

/** Whatever their order: it changes nothing about what an index refuses. */
function isSameSet(columns: readonly string[], others: readonly string[]): boolean {
  return columns.length === others.length && columns.every((column) => others.includes(column));
}

function named(name: string, wanted: string | RegExp, match: Constraint["match"]): boolean {
  // search, unlike test, has no memory in a regular expression with the flag g.
  if (typeof wanted !== "string") return name.search(wanted) >= 0;
  if (match === "exact") return name === wanted;
  return match === "prefix" ? name.startsWith(wanted) : name.endsWith(wanted);
}
