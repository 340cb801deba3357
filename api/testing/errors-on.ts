import { AssertionError } from "node:assert";
import { inspect } from "node:util";
import { traverseErrors, type Traversed } from "../repo/traversal.ts";

type Refused = Parameters<typeof traverseErrors>[0];

/**
 * The messages of each field, of a changeset or of what a repo has answered; throws if there is no changeset in that. `errors_on/1` of a
 * Phoenix application's DataCase.
 * @example
 * ```ts doctest
 * const user = addError(change({}), "name", "should be at most %{count} character(s)", { count: 100 });
 * errorsOn(user); // => { name: ["should be at most 100 character(s)"] }
 * errorsOn({ ok: false, error: user }); // => { name: ["should be at most 100 character(s)"] }
 * ```
 */
export function errorsOn(refused: Refused | { readonly ok: boolean }): Traversed<string> {
  if (isChangeset(refused)) return traverseErrors(refused);
  const { error } = refused as { readonly error?: unknown };
  if (isChangeset(error)) return traverseErrors(error);
  throw new AssertionError({
    message: `Expected a changeset, or a result that has one as its error, got ${inspect(refused, { depth: 2 })}`,
    actual: refused,
    stackStartFn: errorsOn,
  });
}

function isChangeset(value: unknown): value is Refused {
  return typeof value === "object" && value !== null && "errors" in value && Array.isArray(value.errors);
}
