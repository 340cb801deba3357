import { type Pid, RookeryError, Runtime, silentLogger, StartError } from "../../runtime/index.ts";
import { type ChildSpec, Supervisor } from "../../supervisors/index.ts";
import type { RepoOf, SandboxedRepo } from "./own-database.ts";

/** Migrates a database that is to be a template and fills it, by a repo in a runtime of its own. */
export async function prepareTemplate<R extends SandboxedRepo>(
  repoOf: RepoOf<R>,
  fill: ((repo: R) => unknown) | undefined,
  database: string,
): Promise<void> {
  const runtime = await Runtime.start({ logger: silentLogger });
  try {
    const repo = repoOf(database);
    const tree = await startTree(runtime, [repo.childSpec()]);
    await fill?.(repo);
    await runtime.stop(tree, "shutdown");
  } finally {
    await runtime.shutdown();
  }
}

/** Starts children under a supervisor of their own. Rejects with what went wrong itself, such as a migration. */
export async function startTree(runtime: Runtime, children: readonly ChildSpec[]): Promise<Pid> {
  try {
    return await runtime.start(Supervisor, { strategy: "one_for_one", children });
  } catch (error) {
    // ["shutdown", ["failed_to_start_child", id, reason]], once for each supervisor on the way to the child.
    let reason: unknown = error instanceof StartError ? error.reason : error;
    while (Array.isArray(reason)) reason = reason.at(-1);
    throw reason instanceof RookeryError ? reason : error;
  }
}
