import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Generated } from "kysely";
import { sql } from "kysely";
import { Repo } from "../../../api/repo/repo.ts";
import type { RepoOptions } from "../../../api/repo/repo-options.ts";
import type { Migration } from "../../../api/repo/migrator.ts";
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
      sql`CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT)`.execute(db),
    down: (db) => sql`DROP TABLE users`.execute(db),
  },
  {
    version: 2,
    name: "create posts",
    up: (db) =>
      sql`CREATE TABLE posts (
        id INTEGER PRIMARY KEY,
        user_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
        title TEXT NOT NULL
      )`.execute(db),
    down: (db) => sql`DROP TABLE posts`.execute(db),
  },
];

/** A repo that runs, in a runtime of its own whose time stands still, on a file of its own. */
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

  static async start(options: Partial<RepoOptions> = {}): Promise<TemporaryRepo> {
    const folder = new TemporaryFolder();
    const clock = new VirtualClock();
    const runtime = await Runtime.start({ clock, logger: silentLogger });
    const path = folder.file("test.db");
    const repo = new Repo<TestDatabase>({ path, migrations: testMigrations, name: "test", ...options });
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
  async killWriter(): Promise<void> {
    const before = this.runtime.whereis("test.writer");
    this.runtime.exit("test.writer", "kill");
    // Not until nothing is to be done any more: with callers that never stop, that never comes.
    await this.until(
      () =>
        ![undefined, before].includes(this.runtime.whereis("test.writer")) &&
        this.writerState() !== undefined,
    );
  }

  /** Turns of the event loop until `isTrue`. */
  async until(isTrue: () => boolean): Promise<void> {
    for (let turn = 0; !isTrue(); turn += 1) {
      if (turn > 10_000) throw new Error("This did not come true within 10,000 turns of the event loop");
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
