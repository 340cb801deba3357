import { type Changeset, type FieldOf, getField, prepareChanges, putChange, replace } from "./changeset.ts";

/** The highest version: what a column of 32 bits holds, so that the next one is 1 again. */
const VERSION_MAX = 2_147_483_647;

/**
 * Writes a row only if it is still the one in `data`: its `field` must be what it was, and is increased, or changed by
 * `next`, with each update (`optimistic_lock/3`). A repo that finds it different throws a StaleEntryError, which the API
 * answers with 409, or adds an error, by `staleErrorField`. Also for a changeset to delete. Without changes nothing is
 * written, and nothing compared. A row whose `field` is null is not compared either.
 *
 * ```ts
 * const renamed = optimisticLock(change(post, { title }), "version");
 * await repo.update("posts", renamed, { staleErrorField: "title" });
 * ```
 */
export function optimisticLock<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  next: (value: Row[Field]) => Row[Field] = nextVersion as (value: Row[Field]) => Row[Field],
): Changeset<Row> {
  const current = getField(changeset, field) ?? null;
  const prepared = prepareChanges(changeset, (written) =>
    putChange(written, field, next(current as Row[Field])),
  );
  return current === null
    ? prepared
    : replace(prepared, { filters: { ...prepared.filters, [field]: current } });
}

function nextVersion(version: unknown): number {
  return typeof version === "number" && version < VERSION_MAX ? version + 1 : 1;
}
