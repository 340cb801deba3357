import { type Kysely, sql } from "kysely";
import type { LogEntry, LogStore, StoredTopic } from "../../channels/index.ts";
import type { Repo } from "../repo/repo.ts";

interface LogDatabase {
  readonly topic_logs: { topic: string; epoch: string; events: string; offset: number };
  readonly topic_log_entries: {
    topic: string;
    offset: number;
    event: string;
    payload: string | Uint8Array;
    origin: string | null;
    at_ms: number;
  };
  /** One row: whether the log was closed, and all is there. */
  readonly topic_log_state: { id: number; whole: number };
}

/** So many rows are inserted by one statement: each value is a parameter, of which SQLite takes 32,766. */
const ROWS_MAX = 1_000;

/** What a store of topics in SQLite may promise after a crash. */
export interface SqliteLogStoreOptions {
  /**
   * Go on with the same epochs after a crash of the whole program, too. Clients resume then, and miss, without being told, what was
   * broadcast in the last moment and had not reached the disk: milliseconds. Default: false.
   */
  readonly goOnAfterCrash?: boolean;
}

/**
 * Keeps a TopicLog in the database of a repo, in tables `topic_log…` of its own, one log in a database:
 * `{ id: "log", name: "demo.log", start: [TopicLog, { pubsub: "demo.pubsub", store: sqliteLogStore(repo) }] }`, behind the repo.
 *
 * A program that was stopped in order goes on with the same epochs, and clients resume as if nothing had been. What a client
 * has been sent is on the disk. After a crash, of the log or of the program, the log is begun anew: what was broadcast at
 * that moment may not have been logged, and clients are told so.
 */
export function sqliteLogStore<DB>(
  repo: Repo<DB>,
  { goOnAfterCrash = false }: SqliteLogStoreOptions = {},
): () => LogStore {
  return () => new SqliteLogStore(repo as unknown as Repo<LogDatabase>, goOnAfterCrash);
}

class SqliteLogStore implements LogStore {
  readonly #repo: Repo<LogDatabase>;
  readonly #goOnAfterCrash: boolean;

  constructor(repo: Repo<LogDatabase>, goOnAfterCrash: boolean) {
    this.#repo = repo;
    this.#goOnAfterCrash = goOnAfterCrash;
  }

  async open(goOn: boolean): Promise<readonly StoredTopic[]> {
    return this.#repo.transaction(async (db) => {
      await createTables(db);
      const state = await db.selectFrom("topic_log_state").select("whole").executeTakeFirst();
      // Only `close` makes it whole again.
      await db.replaceInto("topic_log_state").values({ id: 1, whole: 0 }).execute();
      if (goOn && (state?.whole === 1 || this.#goOnAfterCrash)) return storedTopics(db);
      await db.deleteFrom("topic_log_entries").execute();
      await db.deleteFrom("topic_logs").execute();
      return [];
    });
  }

  async begin(topic: string, epoch: string, events: readonly string[]): Promise<void> {
    await this.#repo.transaction(async (db) => {
      await db.deleteFrom("topic_log_entries").where("topic", "=", topic).execute();
      const row = { topic, epoch, events: JSON.stringify(events), offset: 0 };
      await db.replaceInto("topic_logs").values(row).execute();
    });
  }

  async append(entries: readonly LogEntry[], firsts: ReadonlyMap<string, number>): Promise<void> {
    const rows = entries.map(({ atMs, payload, ...entry }) => ({
      ...entry,
      payload: typeof payload === "string" ? payload : Buffer.from(payload),
      at_ms: atMs,
    }));
    const newest = new Map(entries.map(({ topic, offset }) => [topic, offset]));
    await this.#repo.transaction(async (db) => {
      for (let at = 0; at < rows.length; at += ROWS_MAX) {
        await db
          .insertInto("topic_log_entries")
          .values(rows.slice(at, at + ROWS_MAX))
          .execute();
      }
      for (const [topic, offset] of newest)
        await db.updateTable("topic_logs").set({ offset }).where("topic", "=", topic).execute();
      for (const [topic, first] of firsts)
        await db
          .deleteFrom("topic_log_entries")
          .where("topic", "=", topic)
          .where("offset", "<", first)
          .execute();
    });
  }

  async after(topic: string, offset: number): Promise<readonly LogEntry[]> {
    const rows = await this.#repo.db
      .selectFrom("topic_log_entries")
      .selectAll()
      .where("topic", "=", topic)
      .where("offset", ">", offset)
      .orderBy("offset")
      .execute();
    return rows.map(({ at_ms, ...entry }) => ({ ...entry, atMs: at_ms }));
  }

  async forget(topics: readonly string[]): Promise<void> {
    await this.#repo.transaction(async (db) => {
      for (const topic of topics) {
        await db.deleteFrom("topic_log_entries").where("topic", "=", topic).execute();
        await db.deleteFrom("topic_logs").where("topic", "=", topic).execute();
      }
    });
  }

  async close(): Promise<void> {
    await this.#repo.transaction((db) => db.updateTable("topic_log_state").set({ whole: 1 }).execute());
  }
}

async function createTables(db: Kysely<LogDatabase>): Promise<void> {
  await db.schema
    .createTable("topic_logs")
    .ifNotExists()
    .addColumn("topic", "text", (column) => column.primaryKey())
    .addColumn("epoch", "text", (column) => column.notNull())
    .addColumn("events", "text", (column) => column.notNull())
    .addColumn("offset", "integer", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("topic_log_entries")
    .ifNotExists()
    .addColumn("topic", "text", (column) => column.notNull())
    .addColumn("offset", "integer", (column) => column.notNull())
    .addColumn("event", "text", (column) => column.notNull())
    // Text stays text in it, and bytes stay bytes.
    .addColumn("payload", "blob", (column) => column.notNull())
    .addColumn("origin", "text")
    .addColumn("at_ms", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("topic_log_entries_key", ["topic", "offset"])
    .modifyEnd(sql`without rowid`)
    .execute();
  await db.schema
    .createTable("topic_log_state")
    .ifNotExists()
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("whole", "integer", (column) => column.notNull())
    .execute();
}

async function storedTopics(db: Kysely<LogDatabase>): Promise<StoredTopic[]> {
  const topics = await db.selectFrom("topic_logs").selectAll().execute();
  const rows = await db
    .selectFrom("topic_log_entries")
    .select(["topic", "at_ms", sql<number>`octet_length(payload)`.as("bytes")])
    .orderBy("topic")
    .orderBy("offset")
    .execute();
  const entries = Map.groupBy(rows, ({ topic }) => topic);
  return topics.map(({ events, ...topic }) => ({
    ...topic,
    events: JSON.parse(events) as string[],
    entries: (entries.get(topic.topic) ?? []).map(({ bytes, at_ms }) => ({
      payloadBytes: bytes,
      atMs: at_ms,
    })),
  }));
}
