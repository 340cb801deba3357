import { GenServer, noReply, type NoReply, ok, type Ok } from "../../../runtime/index.ts";

/** Logs, on the shard on which it runs, what it is told. */
export class ShardReporter extends GenServer<
  undefined,
  never,
  readonly [level: "info" | "error", text: string]
> {
  static override readonly module: string = import.meta.url;

  init(): Ok<undefined> {
    return ok(undefined);
  }

  override handleCast([level, text]: readonly [level: "info" | "error", text: string]): NoReply {
    this.self.runtime.logger[level]({ err: new TypeError("why") }, text);
    return noReply();
  }
}
