import { isMany, keyOf, type NestedChanges, type Relation } from "./association.ts";
import {
  addError,
  change,
  type Changeset,
  type ChangesetAction,
  isChangeset,
  isRecord,
  replace,
} from "./changeset.ts";
import { repoError } from "./errors.ts";

/** What becomes of the rows of a relation: nothing, something that may not be, or this. */
export type Outcome = "unchanged" | "invalid" | NestedChanges | null;

export type NestedCast = (data: object, params: unknown, index: number) => Changeset<object>;

/** Makes the changeset of one row; `stored` is undefined for a new one. */
type Make = (
  value: object,
  stored: object | undefined,
  index: number,
  may: (changeset: Changeset<object>, action: ChangesetAction) => Changeset<object>,
) => Changeset<object>;

/** From params, by a function of the user. */
export function castWith(cast: NestedCast): Make {
  return (params, stored, index, may) =>
    may(cast(stored ?? {}, params, index), stored === undefined ? "insert" : "update");
}

/** From rows and changesets. */
export function putting(relation: Relation): Make {
  return (value, stored, _index, may) => {
    const action = stored === undefined ? "insert" : "update";
    if (!isChangeset(value)) return may(change<object>(stored ?? {}, value), action);
    if (stored !== undefined) return may(value, action);
    const isStored = keyTextOf(value, keyOf(relation)) !== undefined;
    // A row that belongs to no other yet, or to another one: to take it is up to a trusted hand.
    return value.action === undefined ? replace(value, { action: isStored ? "update" : "insert" }) : value;
  };
}

/** What becomes of the `stored` rows of a relation so that there are the rows of `value`: pure, and for any value. */
export function difference(
  relation: Relation,
  name: string,
  value: unknown,
  stored: object | readonly object[] | null,
  make: Make,
): Outcome {
  const difference = new Difference(relation, name, make);
  return isMany(relation)
    ? difference.ofMany(value, stored as readonly object[])
    : difference.ofOne(value, stored);
}

class Difference {
  readonly #relation: Relation;
  readonly #name: string;
  readonly #make: Make;
  readonly #key: string;

  constructor(relation: Relation, name: string, make: Make) {
    this.#relation = relation;
    this.#name = name;
    this.#make = make;
    this.#key = keyOf(relation);
  }

  ofOne(value: unknown, stored: object | null): Outcome {
    if (value === null || value === undefined) {
      if (stored === null) return "unchanged";
      return this.#replaced(stored) === undefined ? "invalid" : null;
    }
    if (!isRecord(value)) return "invalid";
    const key = keyTextOf(value, this.#key);
    if (stored !== null && this.#isSame(value, key, stored)) {
      const changed = this.#make(value, stored, 0, this.#may(actionsOn(key)));
      return changed.action === "ignore" || isUnchanged(changed) ? "unchanged" : changed;
    }
    if (stored !== null && this.#replaced(stored) === undefined) return "invalid";
    const inserted = this.#make(value, undefined, 0, this.#may(["insert"]));
    return inserted.action === "ignore" ? "unchanged" : inserted;
  }

  ofMany(values: unknown, stored: readonly object[]): Outcome {
    if (!Array.isArray(values) || !values.every(isRecord)) return "invalid";
    const open = new Map<unknown, object>(stored.map((row) => [keyTextOf(row, this.#key) ?? Symbol(), row]));
    const places = [...open.keys()];
    const taken = new Set<string>();
    const changed: Changeset<object>[] = [];
    let place = 0;
    let unchanged = true;
    for (const [index, value] of values.entries()) {
      const key = keyTextOf(value, this.#key);
      const row = key === undefined ? undefined : open.get(key);
      if (row !== undefined) open.delete(key);
      if (key !== undefined && key === places[place]) place += 1;
      const one = this.#make(value, row, index, this.#may(row === undefined ? ["insert"] : actionsOn(key)));
      if (one.action === "ignore") continue;
      unchanged = unchanged && row !== undefined && isUnchanged(one);
      changed.push(this.#once(one, taken));
    }
    // The order is kept in the column of an embed; rows of a table have none.
    if (unchanged && open.size === 0 && (this.#relation.kind === "hasMany" || place === places.length)) {
      return "unchanged";
    }
    const leaving: Changeset<object>[] = [];
    for (const row of open.values()) {
      const replaced = this.#replaced(row);
      if (replaced === undefined) return "invalid";
      leaving.push(replaced);
    }
    // In Ecto's order, by which clients find errors: those that go first, the last one foremost.
    return [...leaving.toReversed(), ...changed];
  }

  #isSame(value: object, key: string | undefined, stored: object): boolean {
    if (key === keyTextOf(stored, this.#key)) return true;
    return this.#relation.onReplace === "update" && !isChangeset(value);
  }

  /** The changeset of a row that does not stay; undefined if it has to. */
  #replaced(row: object): Changeset<object> | undefined {
    const { onReplace = "raise" } = this.#relation;
    if (onReplace === "raise") throw repoError("ROOKERY_CHANGESET_REPLACE", [this.#name, row]);
    return onReplace === "mark_as_invalid" ? undefined : replace(change<object>(row), { action: "replace" });
  }

  #may(actions: readonly ChangesetAction[]): Parameters<Make>[3] {
    return (changeset, usual) => {
      const { action = usual } = changeset;
      if (action !== "ignore" && !actions.includes(action)) {
        throw repoError("ROOKERY_CHANGESET_NESTED_ACTION", [this.#name, actions.join(" or "), action]);
      }
      return replace(changeset, { action });
    };
  }

  #once(changeset: Changeset<object>, taken: Set<string>): Changeset<object> {
    const key = keyTextOf({ ...changeset.data, ...changeset.changes }, this.#key);
    if (key === undefined) return changeset;
    if (taken.has(key)) return addError(changeset, this.#key, "has already been taken");
    taken.add(key);
    return changeset;
  }
}

function actionsOn(key: string | undefined): readonly ChangesetAction[] {
  return key === undefined ? ["insert", "update", "delete"] : ["update", "delete"];
}

function isUnchanged({ valid, action, changes, nested }: Changeset<object>): boolean {
  if (!valid || action !== "update" || Object.keys(changes).length > 0) return false;
  return Object.values(nested).every((inner) => inner.changes === undefined);
}

/**
 * The key of a row, of its changeset, or of params, in which 7 and "7" are the same; undefined without. Nothing but
 * strings and numbers are keys: a client may send what can't even be made a string.
 */
function keyTextOf(value: object, key: string): string | undefined {
  const row = (isChangeset(value) ? value.data : value) as Readonly<Record<string, unknown>>;
  const text = Object.hasOwn(row, key) ? row[key] : undefined;
  return typeof text === "string" || typeof text === "number" || typeof text === "bigint"
    ? String(text)
    : undefined;
}
