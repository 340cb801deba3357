import { type CallResult, GenServer, type InitResult, ok, reply } from "../../../runtime/index.ts";
import type { Turn } from "../../../runtime/shards/fair-lock.ts";
import { fairLock } from "../../../runtime/shards/fair-locks.ts";

/** Takes a lock of the runtime on whatever shard it is started, and may die with all of its shard. */
export class LockHolder extends GenServer<undefined, "acquire" | "release", "exit"> {
  static override readonly module: string = import.meta.url;

  #name!: string;
  #turn: Turn | undefined = undefined;

  init(name: string): InitResult<undefined> {
    this.#name = name;
    return ok(undefined);
  }

  override async handleCall(request: "acquire" | "release"): Promise<CallResult> {
    if (request === "release") this.#turn?.release();
    else {
      this.#turn = (await fairLock(this.self.runtime, this.#name))!.acquire();
      await this.#turn.granted;
    }
    return reply("done");
  }

  override handleCast(): never {
    process.exit();
  }
}
