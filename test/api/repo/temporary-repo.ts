import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Generated } from "kysely";
import { columnTypes } from "../../../api/repo/column-types.ts";
import { Repo } from "../../../api/repo/repo.ts";
import type { RepoOptions } from "../../../api/repo/repo-options.ts";
import type { Migration } from "../../../api/repo/migrator.ts";
import { PoolOwner } from "../../../api/repo/postgres/pool-owner.ts";
import { Writer, type WriterState } from "../../../api/repo/writer.ts";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { serverInstance } from "../../../runtime/internal.ts";
import { settle, VirtualClock } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";

/** A folder that is gone at the end of the test. */
export class TemporaryFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), "rookery-repo-"));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface TestDatabase {
  users: { id: Generated<number>; email: string; name: string | null };
  posts: { id: Generated<number>; user_id: number; title: string };
}

export const testMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "create users",
    up: (db) =>
      db.schema
        .createTable("users")
        .addColumn("id", ...columnTypes(db).id)
        .addColumn("email", "text", (column) => column.notNull().unique())
        .addColumn("name", "text")
        .execute(),
    down: (db) => db.schema.dropTable("users").execute(),
  },
  {
    version: 2,
    name: "create posts",
    up: (db) =>
      db.schema
        .createTable("posts")
        .addColumn("id", ...columnTypes(db).id)
        .addColumn("user_id", columnTypes(db).integer, (column) => column.notNull())
        .addColumn("title", "text", (column) => column.notNull())
        .addForeignKeyConstraint("posts_user_id_fkey", ["user_id"], "users", ["id"], (key) =>
          key.deferrable().initiallyDeferred(),
        )
        .execute(),
    down: (db) => db.schema.dropTable("posts").execute(),
  },
];

/** Of any database: with a URL, it is a PostgreSQL. */
export type TemporaryOptions = Omit<Partial<Extract<RepoOptions, { readonly url: string }>>, "path"> & {
  readonly path?: string;
};

/** A server takes its time on a busy machine: turns of the loop are cheap. */
const TURNS_MAX = 1_000_000;

/** A repo that runs, in a runtime of its own whose time stands still, on a file of its own unless it is given a URL. */
export class TemporaryRepo {
  readonly runtime: Runtime;
  readonly clock: VirtualClock;
  readonly repo: Repo<TestDatabase>;
  readonly supervisor: Pid;
  readonly folder: TemporaryFolder;

  private constructor(
    runtime: Runtime,
    clock: VirtualClock,
    repo: Repo<TestDatabase>,
    supervisor: Pid,
    folder: TemporaryFolder,
  ) {
    this.runtime = runtime;
    this.clock = clock;
    this.repo = repo;
    this.supervisor = supervisor;
    this.folder = folder;
  }

  static async start(options: TemporaryOptions = {}): Promise<TemporaryRepo> {
    const folder = new TemporaryFolder();
    const clock = new VirtualClock();
    const runtime = await Runtime.start({ clock, logger: silentLogger });
    const common = { migrations: testMigrations, name: "test" };
    const where = options.url === undefined ? { path: folder.file("test.db") } : {};
    const repo = new Repo<TestDatabase>({ ...where, ...common, ...options } as RepoOptions);
    const supervisor = await runtime.start(Supervisor, {
      strategy: "one_for_one",
      children: [repo.childSpec()],
    });
    return new TemporaryRepo(runtime, clock, repo, supervisor, folder);
  }

  /** Inserts a user, on the disk when it resolves. */
  addUser(email: string): Promise<{ id: number }> {
    return this.repo.transaction((db) =>
      db.insertInto("users").values({ email }).returning("id").executeTakeFirstOrThrow(),
    );
  }

  /** The emails that have been committed. */
  async emails(): Promise<string[]> {
    const rows = await this.repo.db.selectFrom("users").select("email").orderBy("id").execute();
    return rows.map((row) => row.email);
  }

  /** What the writer shows to observers. */
  writerState(): WriterState {
    return (serverInstance(this.runtime, "test.writer", Writer) as Writer).state;
  }

  /** Waits until all that can happen without time has happened. */
  async settle(): Promise<void> {
    await settle(this.runtime);
  }

  /** Kills the writer, and waits until its successor has opened the database. */
  killWriter(): Promise<void> {
    return this.kill("writer");
  }

  /** Kills the process that opens the database, and waits until its successor has done so. */
  async kill(part: "pool" | "writer"): Promise<void> {
    const name = `test.${part}`;
    const before = this.runtime.whereis(name);
    this.runtime.exit(name, "kill");
    const isOpen = (): boolean => {
      const server: { readonly state: unknown } | undefined =
        part === "pool"
          ? serverInstance(this.runtime, name, PoolOwner)
          : serverInstance(this.runtime, name, Writer);
      return server?.state !== undefined;
    };
    // Not until nothing is to be done any more: with callers that never stop, that never comes.
    await this.until(() => ![undefined, before].includes(this.runtime.whereis(name)) && isOpen());
  }

  /** Turns of the event loop until `isTrue`. */
  async until(isTrue: () => boolean): Promise<void> {
    for (let turn = 0; !isTrue(); turn += 1) {
      if (turn > TURNS_MAX)
        throw new Error(`This did not come true within ${TURNS_MAX} turns of the event loop`);
      await setImmediate();
    }
  }

  /** As `until`, for what has to be asked. Whoever can't be asked yet is asked again. */
  async untilAsync(isTrue: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; !(await isTrue().catch(() => false)); turn += 1) {
      if (turn > 10_000) throw new Error("This did not come true within 10,000 answers");
      await setImmediate();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.shutdown();
    this.folder[Symbol.dispose]();
  }
}

/** What a promise has come to so far. */
export function watch(promise: Promise<unknown>): {
  state: "pending" | "resolved" | "rejected";
  error?: unknown;
} {
  const watched: ReturnType<typeof watch> = { state: "pending" };
  promise.then(
    () => {
      watched.state = "resolved";
    },
    (error: unknown) => {
      watched.state = "rejected";
      watched.error = error;
    },
  );
  return watched;
}
