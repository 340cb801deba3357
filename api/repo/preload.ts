import type { Kysely, Selectable } from "kysely";
import type { TableOf } from "./multi.ts";

/** What belongs to the rows of a table, and by which columns. */
export type TableAssociation<DB> = { [Other in TableOf<DB>]: AssociationWith<DB, Other> }[TableOf<DB>];

type AssociationWith<DB, Other extends TableOf<DB>> =
  | {
      /** The foreign key is a column here, and means the other's `otherKey` (`belongs_to`). Default: `id`. */
      readonly kind: "belongsTo";
      readonly table: Other;
      readonly foreignKey: string;
      readonly otherKey?: keyof DB[Other] & string;
    }
  | {
      /** The foreign key is a column of the other, and means `ownerKey` here (`has_many`, `has_one`). Default: `id`. */
      readonly kind: "hasMany" | "hasOne";
      readonly table: Other;
      readonly foreignKey: keyof DB[Other] & string;
      readonly ownerKey?: string;
      /** The column by which they are ordered. Without it, they come in any order. */
      readonly orderBy?: keyof DB[Other] & string;
    }
  | {
      /** Each row of the table between has a `foreignKey`, of the `id` here, and an `otherKey`, of the other's (`many_to_many`). */
      readonly kind: "manyToMany";
      readonly table: Other;
      readonly through: TableOf<DB>;
      readonly foreignKey: string;
      readonly otherKey: string;
      readonly orderBy?: keyof DB[Other] & string;
    };

/** The associations of a table in a set. */
export class TableAssociations<DB, Set extends object, Table extends string> {
  declare readonly types: readonly [DB, Set, Table];
  readonly set: Readonly<Record<string, TableAssociations<DB, Set, string>>>;
  readonly byName: Readonly<Record<string, AnyAssociation>>;

  constructor(
    set: Readonly<Record<string, TableAssociations<DB, Set, string>>>,
    byName: Readonly<Record<string, AnyAssociation>>,
  ) {
    this.set = set;
    this.byName = byName;
  }
}

/** What is to be loaded: by the names of associations, and in these again. */
export type Wanted<Set extends object, Table> = Table extends keyof Set
  ? { readonly [Name in keyof Set[Table]]?: true | Wanted<Set, OtherOf<Set[Table][Name]>> }
  : Record<never, never>;

/** What `Wanted` comes to. */
export type Loaded<DB, Set extends object, Table, W> = Table extends keyof Set
  ? { readonly [Name in keyof W & keyof Set[Table]]: LoadedOf<DB, Set, Set[Table][Name], W[Name]> }
  : Record<never, never>;

type LoadedOf<DB, Set extends object, A, W> =
  OtherOf<A> extends infer Other extends TableOf<DB>
    ? A extends { readonly kind: "hasMany" | "manyToMany" }
      ? readonly LoadedRow<DB, Set, Other, W>[]
      : LoadedRow<DB, Set, Other, W> | undefined
    : never;

type LoadedRow<DB, Set extends object, Other extends TableOf<DB>, W> = Selectable<DB[Other]> &
  (W extends true ? unknown : Loaded<DB, Set, Other, W>);

type OtherOf<A> = A extends { readonly table: infer Other } ? Other : never;

type AnyRow = Record<string, unknown>;
type AnyDb = Kysely<Record<string, AnyRow>>;

interface AnyAssociation {
  readonly kind: "belongsTo" | "hasMany" | "hasOne" | "manyToMany";
  readonly table: string;
  readonly foreignKey: string;
  readonly ownerKey?: string;
  readonly otherKey?: string;
  readonly through?: string;
  readonly orderBy?: string;
}

/** So many keys are looked for with one query; SQLite takes 32,766 values. */
const KEYS_MAX = 16_384;
/** How a row of the other table says to whom it belongs, where it is not in one of its own columns. */
const OWNER = "rookery_owner";

/**
 * Declares once how the tables of a database belong to each other, for `preload`. Foreign keys that the tables don't have are
 * compile-time errors.
 *
 * ```ts
 * const shop = associations<Database>()({
 *   users: { orders: { kind: "hasMany", table: "orders", foreignKey: "user_id" } },
 *   orders: { user: { kind: "belongsTo", table: "users", foreignKey: "user_id" } },
 * });
 * ```
 */
export function associations<DB>(): <
  const Set extends {
    readonly [Table in TableOf<DB>]?: Readonly<Record<string, TableAssociation<DB>>>;
  },
>(
  set: Set,
) => { readonly [Table in keyof Set & string]: TableAssociations<DB, Set, Table> } {
  return (set) => {
    const declared: Record<string, TableAssociations<DB, typeof set, string>> = {};
    for (const [table, byName] of Object.entries(set))
      declared[table] = new TableAssociations(declared, byName as Record<string, AnyAssociation>);
    return declared as never;
  };
}

/** @internal The rows with what is wanted. */
export async function preload(
  db: AnyDb,
  rows: readonly object[],
  { set, byName }: TableAssociations<never, never, never> | TableAssociations<unknown, object, string>,
  wanted: object,
): Promise<object[]> {
  let loaded = [...rows] as AnyRow[];
  for (const [name, within] of Object.entries(wanted) as [string, true | object | undefined][]) {
    const association = byName[name];
    if (association === undefined || within === undefined) continue;
    const { mine, theirs } = keysOf(association);
    const keys = [...new Set(loaded.map((row) => row[mine]))].filter(
      (key) => key !== null && key !== undefined,
    );
    let others = await othersOf(db, association, theirs, keys);
    const inner = set[association.table];
    const owners = others.map((row) => row[theirs]);
    if (association.through !== undefined) others = others.map(({ [OWNER]: _, ...row }) => row);
    if (within !== true && inner !== undefined)
      others = (await preload(db, others, inner, within)) as AnyRow[];
    const byOwner = new Map<unknown, AnyRow[]>();
    for (const [index, other] of others.entries()) {
      const group = byOwner.get(owners[index]);
      if (group === undefined) byOwner.set(owners[index], [other]);
      else group.push(other);
    }
    const isMany = association.kind === "hasMany" || association.kind === "manyToMany";
    loaded = loaded.map((row) => {
      const group = byOwner.get(row[mine]);
      return { ...row, [name]: isMany ? (group ?? []) : group?.[0] };
    });
  }
  return loaded;
}

/** The column of the rows here, and that of the others, which are equal. */
function keysOf({ kind, foreignKey, ownerKey = "id", otherKey }: AnyAssociation): {
  readonly mine: string;
  readonly theirs: string;
} {
  switch (kind) {
    case "belongsTo":
      return { mine: foreignKey, theirs: otherKey ?? "id" };
    case "manyToMany":
      return { mine: "id", theirs: OWNER };
    case "hasMany":
    case "hasOne":
      return { mine: ownerKey, theirs: foreignKey };
  }
}

async function othersOf(
  db: AnyDb,
  { table, through, foreignKey, otherKey = "", orderBy }: AnyAssociation,
  theirs: string,
  keys: readonly unknown[],
): Promise<AnyRow[]> {
  const parts: AnyRow[][] = [];
  for (let first = 0; first < keys.length; first += KEYS_MAX) {
    const some = padded(keys.slice(first, first + KEYS_MAX));
    const others = db.selectFrom(table).selectAll(table);
    const query =
      through === undefined
        ? others.where(`${table}.${theirs}`, "in", some)
        : others
            .innerJoin(through, `${through}.${otherKey}`, `${table}.id`)
            .select(`${through}.${foreignKey} as ${OWNER}`)
            .where(`${through}.${foreignKey}`, "in", some);
    parts.push(await (orderBy === undefined ? query : query.orderBy(`${table}.${orderBy}`)).execute());
  }
  return parts.flat();
}

/** To a power of two, by the last key again: each other length would be another query to prepare, and to keep. */
function padded(keys: readonly unknown[]): unknown[] {
  const length = 2 ** Math.ceil(Math.log2(keys.length));
  return Array.from({ length }, (_, index) => keys[Math.min(index, keys.length - 1)]);
}
