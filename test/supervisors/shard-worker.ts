import { GenServer, type InitResult, ok, stop } from "../../runtime/index.ts";

/** What the workers of all shards do, as long as all of them are on one thread: `start 0`, `ending 1`, `ended 1`. */
export const journal: string[] = [];
/** Where none starts. */
export const broken: Set<number> = new Set();

/** Takes its time to end; a cast crashes it, or has it exit as one does that was linked with a process of a shard that is gone. */
export class ShardWorker extends GenServer<{ readonly endMs: number }, never, "crash" | "noconnection"> {
  static override readonly module: string = import.meta.url;

  init(settings: { readonly endMs: number }): InitResult<{ readonly endMs: number }> {
    const { place } = this.self.runtime;
    if (broken.has(place)) return stop("broken");
    journal.push(`start ${place}`);
    this.self.trapExit(true);
    return ok(settings);
  }

  override handleCast(how: "crash" | "noconnection"): never {
    if (how === "noconnection") this.self.exit(how);
    throw new Error("crashed as it was told to");
  }

  override async terminate(reason: unknown): Promise<void> {
    const { place } = this.self.runtime;
    if (reason !== "shutdown") return;
    journal.push(`ending ${place}`);
    await this.self.receive(() => false, { timeoutMs: this.state.endMs });
    journal.push(`ended ${place}`);
  }
}
