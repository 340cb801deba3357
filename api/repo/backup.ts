import { statSync } from "node:fs";
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import Database from "better-sqlite3";
import { repoError } from "./errors.ts";

/** So many pages, of 4 KiB mostly, are copied before other work on the thread gets its turn. */
const PAGES_AT_ONCE = 250;
const NO_THROW = { throwIfNoEntry: false } as const;

/**
 * Copies the SQLite file at `from`, as it is at this moment, to `to`, while it is read and written. The copy is written
 * aside, and has its name only when it is complete and on the disk; a file that was there is replaced by it then.
 * Throws `ROOKERY_REPO_BACKUP`, and leaves what was there.
 */
export async function backUp(from: string, to: string): Promise<void> {
  const target = resolve(to);
  const folder = dirname(target);
  // Whoever has it open would go on in a file without a name. And SQLite would take the log of the older file for that of the copy.
  if (isSameFile(from, target) || statSync(`${target}-wal`, NO_THROW)?.size)
    throw repoError("ROOKERY_REPO_BACKUP", [to, "there is a database that is in use or was not closed"]);
  let aside: string | undefined;
  try {
    // In the same folder: only within a file system is renaming at once.
    aside = await mkdtemp(join(folder, `.${basename(target)}-`));
    const copy = join(aside, "copy");
    await copyTo(from, copy);
    await sync(copy);
    await rename(copy, target);
    await sync(folder);
  } catch (error) {
    throw repoError("ROOKERY_REPO_BACKUP", [to, error instanceof Error ? error.message : error], error);
  } finally {
    if (aside !== undefined) await rm(aside, { recursive: true, force: true });
  }
}

function isSameFile(path: string, other: string): boolean {
  const [one, two] = [statSync(path, NO_THROW), statSync(other, NO_THROW)];
  return one !== undefined && one.ino === two?.ino && one.dev === two.dev;
}

async function copyTo(from: string, copy: string): Promise<void> {
  const source = new Database(from, { readonly: true, timeout: 0 });
  try {
    // Whoever reads sees one moment. Without this, each commit of the writer would make the backup start anew.
    source.exec("BEGIN");
    source.prepare("SELECT count(*) FROM sqlite_schema").get();
    await source.backup(copy, { progress: () => PAGES_AT_ONCE });
  } finally {
    source.close();
  }
  // Without a log, the copy is one file, that can be read also where nothing can be written.
  const database = new Database(copy);
  database.pragma("journal_mode = DELETE");
  database.close();
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
