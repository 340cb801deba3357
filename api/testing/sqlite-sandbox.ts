import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OwnDatabase, RepoOf, SandboxedRepo } from "./own-database.ts";
import { prepareTemplate } from "./template-run.ts";
import { Templates } from "./templates.ts";

/** Files there are in memory: a commit that waits for the disk costs a test more than all the rest. */
const MEMORY_FOLDER = "/dev/shm";
const FILE = "test.db";

const folders = new Set<string>();

/** The bytes of migrated databases. */
const templates = new Templates<Buffer>();

/** A SQLite file in a folder of its own. */
export async function sqliteDatabase<R extends SandboxedRepo>(
  repoOf: RepoOf<R>,
  fill: ((repo: R) => unknown) | undefined,
): Promise<OwnDatabase> {
  const bytes = await templates.of(repoOf, fill, "", () => makeTemplate(repoOf, fill));
  const folder = makeFolder();
  const database = join(folder, FILE);
  writeFileSync(database, bytes);
  return { database, drop: async () => remove(folder) };
}

async function makeTemplate<R extends SandboxedRepo>(
  repoOf: RepoOf<R>,
  fill: ((repo: R) => unknown) | undefined,
): Promise<Buffer> {
  const folder = makeFolder();
  try {
    await prepareTemplate(repoOf, fill, join(folder, FILE));
    // All of it is in this file: the last connection that closes puts the log into it.
    return readFileSync(join(folder, FILE));
  } finally {
    remove(folder);
  }
}

function makeFolder(): string {
  if (folders.size === 0) process.once("exit", removeAll);
  const folder = mkdtempSync(join(memoryFolder() ?? tmpdir(), "rookery-test-"));
  folders.add(folder);
  return folder;
}

function memoryFolder(): string | undefined {
  try {
    accessSync(MEMORY_FOLDER, constants.W_OK);
    return MEMORY_FOLDER;
  } catch {
    return undefined;
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
  if (folders.size === 0) process.off("exit", removeAll);
}

/** What tests have left behind that were not disposed of. */
function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
