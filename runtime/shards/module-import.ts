import { runtimeError } from "../errors.ts";

/** What this thread, a shard, is importing now to find the classes of servers. */
const importing = new Set<string>();
let onShardThread = false;

/** From now on this thread is a shard of a runtime. */
export function becomeShardThread(): void {
  onShardThread = true;
}

export async function importForServers(module: string): Promise<object> {
  if (!onShardThread) return (await import(module)) as object;
  importing.add(module);
  try {
    return (await import(module)) as object;
  } finally {
    importing.delete(module);
  }
}

/**
 * Throws ROOKERY_SHARD_IMPORT on a thread that is a shard, while it imports a module, and at any time for a runtime of several
 * shards: the main program, imported for a class that stands in it, would run again there, and there again.
 */
export function expectNoImport(shards: number): void {
  if (!onShardThread || (importing.size === 0 && shards === 1)) return;
  const [module = "code that runs on a shard"] = importing;
  throw runtimeError("ROOKERY_SHARD_IMPORT", module);
}
