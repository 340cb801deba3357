import { addError, type Changeset, type Constraint } from "./changeset.ts";

/** A rule of the database that a write has broken, as SQLite tells it. */
export interface Violation {
  readonly kind: "unique" | "foreign_key" | "check" | "not_null" | "other";
  /**
   * The columns of a UNIQUE index in its order; the name of an index on an expression, or of a CHECK; nothing for a
   * foreign key, of which SQLite doesn't say more.
   */
  readonly on: readonly string[] | string;
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
  const broken = changeset.constraints.find(
    ({ kind, on }) => kind === violation.kind && matches(on, violation.on),
  );
  if (broken === undefined) return undefined;
  return addError(changeset, broken.field, broken.message, { constraint: broken.kind });
}

function matches(declared: Constraint["on"], broken: Violation["on"]): boolean {
  return String(declared) === String(broken);
}
