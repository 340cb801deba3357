import { type Kysely, sql } from "kysely";

/** Rows that a new database starts with, under a name by which the database remembers that it has them. */
export interface Seed<DB> {
  readonly name: string;
  run(db: Kysely<DB>): unknown;
}

type SeedsDb = { schema_seeds: { name: string; inserted_at: unknown } };

/** Runs the seeds that the table `schema_seeds` does not list, in their order, in a transaction. Answers their names. */
export async function runSeeds<DB>(db: Kysely<DB>, seeds: readonly Seed<DB>[]): Promise<string[]> {
  const kysely = db as unknown as Kysely<SeedsDb>;
  await kysely.schema
    .createTable("schema_seeds")
    .ifNotExists()
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("inserted_at", "text", (column) => column.notNull())
    .execute();
  const inserted_at = sql`CURRENT_TIMESTAMP`;
  const rows = await kysely.selectFrom("schema_seeds").select("name").execute();
  const planted = new Set(rows.map(({ name }) => name));
  const names: string[] = [];
  for (const { name, run } of seeds) {
    if (planted.has(name)) continue;
    planted.add(name);
    await run(db);
    await kysely.insertInto("schema_seeds").values({ name, inserted_at }).execute();
    names.push(name);
  }
  return names;
}
