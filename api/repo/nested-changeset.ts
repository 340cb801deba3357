import {
  type Association,
  type Embed,
  isEmbed,
  isKept,
  isMany,
  type ManyAssociation,
  type ManyEmbed,
  type Nested,
  type Relation,
  type SingleAssociation,
  type SingleEmbed,
} from "./association.ts";
import { addError, change, type Changeset, replace } from "./changeset.ts";
import { repoError } from "./errors.ts";
import { castWith, difference, type NestedCast, putting } from "./nested-difference.ts";
import { listedParams } from "./nested-params.ts";

/** How the rows of an association are cast. */
export interface NestedCastOptions<Row extends object> {
  /**
   * The changeset of one of them: of the row that there is, or of {} for a new one. One with `action: "delete"` deletes
   * its row, one with `"ignore"` leaves it alone.
   */
  readonly with: (data: Partial<Row>, params: unknown, index: number) => Changeset<Row>;
  /** Whether there must be at least one. Default: false. */
  readonly required?: boolean;
  readonly requiredMessage?: string;
  readonly invalidMessage?: string;
}

/** How a list of nested params is cast: the options of `Ecto.Changeset.cast_assoc` for many. */
export interface NestedListCastOptions<Row extends object> extends NestedCastOptions<Row> {
  /** The param with the keys of all in their order, where they come as an object, as from a form. */
  readonly sortParam?: string;
  /** The param with the keys of those to leave out. */
  readonly dropParam?: string;
}

/** A row that belongs to another, or what is to change of it, or its changeset. */
export type NestedValue<Row extends object> = Partial<Row> | Changeset<Row>;

/** A changeset of a row that has other rows, or embeds, in `Name`. */
type With<Row extends object, Name extends string, Value> = Changeset<Row & { [Field in Name]: Value }>;

/**
 * Casts what the params have under `name` to changesets of the rows that belong to this one (`cast_assoc/3`). Those with
 * the id of a row that `data` has there change that row, the others are new. What becomes of the rows that the params
 * don't name, the association's `onReplace` says. A repo writes all of them in one transaction, that of a `belongsTo`
 * before the row itself and others after it, with their foreign keys filled in. If one is refused, none is written.
 *
 * The rows that there are must be in `data` under `name`, as a preload puts them there: a stored row without them is
 * refused (`ROOKERY_CHANGESET_NOT_LOADED`). A client never reaches the row of another parent: an id that is not among
 * them makes a new row, to which `with` gives an id only if it casts one.
 *
 * ```ts
 * const items = { kind: "hasMany", table: "order_items", foreignKey: "order_id", onReplace: "delete" } as const;
 * const order = castAssoc(cast({}, params, { note: z.string() }), "items", items, {
 *   with: (item: Partial<Item>, given) => cast(item, given, { product_id: z.int(), quantity: z.int() }),
 *   required: true,
 * });
 * ```
 */
export function castAssoc<Row extends object, Name extends string, Item extends object>(
  changeset: Changeset<Row>,
  name: Name,
  association: ManyAssociation,
  options: NestedListCastOptions<Item>,
): With<Row, Name, Item[]>;
export function castAssoc<Row extends object, Name extends string, Item extends object>(
  changeset: Changeset<Row>,
  name: Name,
  association: SingleAssociation,
  options: NestedCastOptions<Item>,
): With<Row, Name, Item | null>;
export function castAssoc<Item extends object>(
  changeset: Changeset<object>,
  name: string,
  association: Association,
  options: NestedListCastOptions<Item>,
): Changeset<object> {
  return castRelation(changeset, name, association, options);
}

/**
 * As `castAssoc`, for parts of the row that are kept as JSON in its column `name` (`cast_embed/3`). The column in `data`
 * may be its JSON or what that stands for; a repo writes JSON and answers what it stands for.
 */
export function castEmbed<Row extends object, Name extends string, Part extends object>(
  changeset: Changeset<Row>,
  name: Name,
  embed: ManyEmbed,
  options: NestedListCastOptions<Part>,
): With<Row, Name, Part[]>;
export function castEmbed<Row extends object, Name extends string, Part extends object>(
  changeset: Changeset<Row>,
  name: Name,
  embed: SingleEmbed,
  options: NestedCastOptions<Part>,
): With<Row, Name, Part | null>;
export function castEmbed<Part extends object>(
  changeset: Changeset<object>,
  name: string,
  embed: Embed,
  options: NestedListCastOptions<Part>,
): Changeset<object> {
  return castRelation(changeset, name, embed, options);
}

/**
 * Makes these the rows that belong to this one, from a trusted hand: nothing is cast (`put_assoc/4`). Each is the changeset
 * of a row, which is inserted, or updated if its data has an id; or a row, which changes the one of its id in `data`, or is
 * inserted. For those that are left out, see `castAssoc`.
 */
export function putAssoc<Row extends object, Name extends string, Item extends object>(
  changeset: Changeset<Row>,
  name: Name,
  association: ManyAssociation,
  values: readonly NestedValue<Item>[],
): With<Row, Name, Item[]>;
export function putAssoc<Row extends object, Name extends string, Item extends object>(
  changeset: Changeset<Row>,
  name: Name,
  association: SingleAssociation,
  value: NestedValue<Item> | null,
): With<Row, Name, Item | null>;
export function putAssoc(
  changeset: Changeset<object>,
  name: string,
  association: Association,
  value: unknown,
): Changeset<object> {
  return putRelation(changeset, name, association, value);
}

/** As `putAssoc`, for parts of the row that are kept as JSON in its column `name` (`put_embed/4`). */
export function putEmbed<Row extends object, Name extends string, Part extends object>(
  changeset: Changeset<Row>,
  name: Name,
  embed: ManyEmbed,
  values: readonly NestedValue<Part>[],
): With<Row, Name, Part[]>;
export function putEmbed<Row extends object, Name extends string, Part extends object>(
  changeset: Changeset<Row>,
  name: Name,
  embed: SingleEmbed,
  value: NestedValue<Part> | null,
): With<Row, Name, Part | null>;
export function putEmbed(
  changeset: Changeset<object>,
  name: string,
  embed: Embed,
  value: unknown,
): Changeset<object> {
  return putRelation(changeset, name, embed, value);
}

/**
 * The changesets of the rows that belong to this one, also of those that don't change and of those that go
 * (`get_assoc/2`, `get_embed/2`). None for a name that nothing was cast or put for.
 */
export function getAssoc(changeset: Changeset<object>, name: string): readonly Changeset<object>[] {
  const nested = Object.hasOwn(changeset.nested, name) ? changeset.nested[name] : undefined;
  if (nested === undefined) return [];
  const { relation, changes = storedOf(changeset, name, relation) } = nested;
  return [changes].flat().flatMap((one) => (one === null ? [] : [change<object>(one)]));
}

function castRelation<Row extends object>(
  before: Changeset<object>,
  name: string,
  relation: Relation,
  options: NestedListCastOptions<Row>,
): Changeset<object> {
  const { required = false, requiredMessage = "can't be blank", invalidMessage = "is invalid" } = options;
  let changeset = related(before, name, relation);
  if (required) changeset = replace(changeset, { required: [...changeset.required, name] });
  const params = listedParams(before.params ?? {}, name, isMany(relation), options);
  if (params !== undefined) {
    const stored = storedOf(changeset, name, relation);
    const outcome = difference(relation, name, params.value, stored, castWith(options.with as NestedCast));
    if (outcome === "invalid") {
      const validation = isEmbed(relation) ? "embed" : "assoc";
      return addError(changeset, name, invalidMessage, { validation, ...typeOf(relation) });
    }
    if (outcome !== "unchanged") changeset = withNested(changeset, name, { relation, changes: outcome });
  }
  if (!required || !isMissing(changeset, name, relation)) return changeset;
  return addError(changeset, name, requiredMessage, { validation: "required" });
}

function putRelation(
  before: Changeset<object>,
  name: string,
  relation: Relation,
  value: unknown,
): Changeset<object> {
  const changeset = related(before, name, relation);
  const outcome = difference(relation, name, value, storedOf(changeset, name, relation), putting(relation));
  if (outcome === "invalid") return addError(changeset, name, "is invalid", typeOf(relation));
  return withNested(changeset, name, { relation, changes: outcome === "unchanged" ? undefined : outcome });
}

/** What there is in `data`: rows, a row or null, as the relation says. */
function storedOf(
  { data }: Changeset<object>,
  name: string,
  relation: Relation,
): object | readonly object[] | null {
  const row = data as Readonly<Record<string, unknown>>;
  const none = isMany(relation) ? [] : null;
  if (Object.hasOwn(row, name)) {
    const value = row[name];
    return ((isEmbed(relation) && typeof value === "string" ? JSON.parse(value) : value) ?? none) as
      | object
      | null;
  }
  const isNew = !Object.hasOwn(row, "id") || row["id"] === null || row["id"] === undefined;
  const hasNone = relation.kind === "belongsTo" && row[relation.foreignKey] === null;
  if (!isNew && !hasNone) throw repoError("ROOKERY_CHANGESET_NOT_LOADED", [name, row["id"]]);
  return none;
}

/** The changeset, with the relation known to it. */
function related(changeset: Changeset<object>, name: string, relation: Relation): Changeset<object> {
  const known = Object.hasOwn(changeset.nested, name) ? changeset.nested[name] : undefined;
  const nested: Nested = { relation, changes: known?.changes };
  return replace(changeset, { nested: { ...changeset.nested, [name]: nested } });
}

function withNested(changeset: Changeset<object>, name: string, nested: Nested): Changeset<object> {
  const changes = [nested.changes ?? []].flat() as readonly Changeset<object>[];
  return replace(changeset, {
    nested: { ...changeset.nested, [name]: nested },
    valid: changeset.valid && changes.every(({ valid }) => valid),
  });
}

function isMissing(changeset: Changeset<object>, name: string, relation: Relation): boolean {
  const changes = changeset.nested[name]?.changes;
  if (changes === null) return true;
  if (changes !== undefined) return [changes].flat().filter(isKept).length === 0;
  const stored = (changeset.data as Readonly<Record<string, unknown>>)[name];
  if (stored === undefined || stored === null) return true;
  return isMany(relation) && (storedOf(changeset, name, relation) as readonly object[]).length === 0;
}

function typeOf(relation: Relation): { readonly type: string } {
  return { type: isMany(relation) ? "list" : "map" };
}
