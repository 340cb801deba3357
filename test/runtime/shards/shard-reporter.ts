import {
  type CallResult,
  GenServer,
  type LogLevel,
  noReply,
  type NoReply,
  ok,
  type Ok,
  reply,
} from "../../../runtime/index.ts";

/** Logs, on the shard on which it runs, what it is told; called, it says whether anything comes of a level there. */
export class ShardReporter extends GenServer<
  undefined,
  LogLevel,
  readonly [level: "info" | "error", text: string]
> {
  static override readonly module: string = import.meta.url;

  init(): Ok<undefined> {
    return ok(undefined);
  }

  override handleCall(level: LogLevel): CallResult {
    return reply(this.self.runtime.logger.isLevelEnabled?.(level));
  }

  override handleCast([level, text]: readonly [level: "info" | "error", text: string]): NoReply {
    this.self.runtime.logger[level]({ err: new TypeError("why") }, text);
    return noReply();
  }
}
