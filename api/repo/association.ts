import type { Changeset } from "./changeset.ts";

/**
 * What becomes of a row that its parent doesn't keep, because the params don't name it any more (`:on_replace`): `raise`
 * throws `ROOKERY_CHANGESET_REPLACE`, for nothing was said about it; `mark_as_invalid` makes it an error; `nilify` cuts it
 * off; `delete` deletes it, `delete_if_exists` also if somebody else has done so; `update`, for a single row only, takes
 * what comes for changes of the row that there is.
 */
export type OnReplace = "raise" | "mark_as_invalid" | "nilify" | "delete" | "delete_if_exists" | "update";

/**
 * Rows of another table that belong to a row (`has_many`), one at most (`has_one`), or the one to which it belongs
 * (`belongs_to`). The same object that `associations` takes will do.
 */
export type Association = ManyAssociation | SingleAssociation;

export interface ManyAssociation {
  readonly kind: "hasMany";
  readonly table: string;
  /** The column there that says to whom they belong. */
  readonly foreignKey: string;
  /** What the foreign key means here. Default: `id`. */
  readonly ownerKey?: string;
  /** Default: `raise`. */
  readonly onReplace?: Exclude<OnReplace, "update">;
}

export type SingleAssociation =
  | (Omit<ManyAssociation, "kind" | "onReplace"> & {
      readonly kind: "hasOne";
      /** Default: `raise`. */
      readonly onReplace?: OnReplace;
    })
  | {
      readonly kind: "belongsTo";
      readonly table: string;
      /** The column here that says to whom it belongs. */
      readonly foreignKey: string;
      /** What the foreign key means there. Default: `id`. */
      readonly otherKey?: string;
      /** Default: `raise`. */
      readonly onReplace?: OnReplace;
    };

/** Parts of a row that have no table of their own: they are kept as JSON in a column (`embeds_many`, `embeds_one`). */
export type Embed = ManyEmbed | SingleEmbed;

export interface ManyEmbed {
  readonly kind: "embedsMany";
  /** The field by which one is found again. Default: `id`. */
  readonly key?: string;
  /** Default: `raise`. */
  readonly onReplace?: "raise" | "mark_as_invalid" | "delete";
}

export interface SingleEmbed {
  readonly kind: "embedsOne";
  readonly key?: string;
  readonly onReplace?: "raise" | "mark_as_invalid" | "delete" | "update";
}

export type Relation = Association | Embed;

/** What becomes of a relation. */
export interface Nested {
  readonly relation: Relation;
  /** Null if there is none any more; undefined if nothing changes. */
  readonly changes: NestedChanges | null | undefined;
}

export type NestedChanges = Changeset<object> | readonly Changeset<object>[];

/** @internal Whether there may be several. */
export function isMany({ kind }: Relation): boolean {
  return kind === "hasMany" || kind === "embedsMany";
}

/** @internal Whether it is in a column of the row itself. */
export function isEmbed(relation: Relation): relation is Embed {
  return relation.kind === "embedsMany" || relation.kind === "embedsOne";
}

/** @internal The field by which one of the relation is found again. */
export function keyOf(relation: Relation): string {
  return isEmbed(relation) ? (relation.key ?? "id") : "id";
}

/** @internal What the row has in `field` with the changes of the relation; nothing if it does not change. */
export function appliedNested(
  field: string,
  { relation, changes }: Nested,
  apply: (changeset: Changeset<object>) => object,
): Readonly<Record<string, unknown>> {
  if (changes === undefined) return {};
  if (Array.isArray(changes)) return { [field]: changes.filter(isKept).map((one) => apply(one)) };
  const one = changes as Changeset<object> | null;
  const row = one !== null && isKept(one) ? (apply(one) as Readonly<Record<string, unknown>>) : null;
  if (relation.kind !== "belongsTo") return { [field]: row };
  return { [field]: row, [relation.foreignKey]: row?.[relation.otherKey ?? "id"] ?? null };
}

/** @internal Whether the row of a nested changeset stays with its parent. */
export function isKept({ action }: Changeset<object>): boolean {
  return action !== "delete" && action !== "replace";
}
