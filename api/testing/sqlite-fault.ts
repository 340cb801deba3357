import Database from "better-sqlite3";
import { sql } from "kysely";
import { expectDuration } from "../../runtime/internal.ts";
import type { Fault } from "../../supervisors/testing.ts";
import type { Repo } from "../repo/repo.ts";

const TARGET = "SQLite";
/** Whoever finds the file locked asks again so soon. */
const RETRY_MS = 5;
/** As SQLite has it unless it is told otherwise. */
const PAGES_MAX = 4_294_967_294;

/** For `ms`, another connection holds the lock of the SQLite file at `path`, as another program would: who writes waits, as long as its transaction may. */
export function sqliteBusy(path: string, ms: number): Fault {
  expectDuration(ms);
  return {
    name: `SQLite busy for ${ms} ms`,
    targets: () => [TARGET],
    inflict({ runtime: { clock } }) {
      const endMs = clock.nowMs() + ms;
      const database = new Database(path, { timeout: 0 });
      const lock = (): void => {
        const leftMs = endMs - clock.nowMs();
        if (leftMs > 0 && !locked(database)) clock.setTimer(Math.min(RETRY_MS, leftMs), lock);
        // Closing rolls back.
        else clock.setTimer(Math.max(0, leftMs), () => database.close());
      };
      lock();
    },
  };
}

function locked(database: Database.Database): boolean {
  try {
    database.exec("BEGIN IMMEDIATE");
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "SQLITE_BUSY") throw error;
    return false;
  }
}

/**
 * For `ms`, the file of a SQLite repo may not grow, as on a full disk: what needs room is refused with `ROOKERY_REPO_DISK_FULL`. Of several
 * shards, that of the runtime under chaos alone. A writer that is started anew knows nothing of it.
 */
export function diskFull<Database>(repo: Repo<Database>, ms: number): Fault {
  expectDuration(ms);
  const limit = async (pages: number): Promise<void> => {
    try {
      await repo.transaction((db) => sql`PRAGMA max_page_count = ${sql.lit(pages)}`.execute(db));
    } catch {
      // It has come to other harm meanwhile.
    }
  };
  return {
    name: `disk full for ${ms} ms`,
    targets: () => [TARGET],
    async inflict({ runtime }) {
      // Never less than there are.
      const filled = limit(1);
      runtime.clock.setTimer(ms, () => void filled.then(() => limit(PAGES_MAX)));
      await filled;
    },
  };
}
