import type { Addressee } from "./addressee.ts";
import { PendingCall } from "./call.ts";
import type { CodeChange } from "./code-change.ts";
import type { Dest } from "./dest.ts";
import { SYSTEM } from "./message-tag.ts";
import type { Process } from "./process.ts";
import type { Shard } from "./shard.ts";
import type { DebugFunction } from "./sys-debug.ts";

/** What `sys` asks of a server: the requests of OTP's `{system, From, Request}`. */
export type SystemRequest =
  | readonly ["get_state"]
  | readonly ["replace_state", replace: (state: unknown) => unknown]
  | readonly ["get_status"]
  | readonly ["suspend"]
  | readonly ["resume"]
  | readonly ["terminate", reason: unknown]
  | readonly ["change_code", change: CodeChange]
  | readonly ["statistics", flag: boolean | "get"]
  | readonly ["log", flag: boolean | number | "get" | "print"]
  | readonly ["trace", flag: boolean]
  | readonly ["install", id: unknown, run: DebugFunction, state: unknown]
  | readonly ["remove", id: unknown]
  | readonly ["no_debug"];

/** A request of `sys` that waits for its answer. */
export class SystemCall extends PendingCall {
  declare readonly request: SystemRequest;
  readonly #args: readonly unknown[];

  /** `args` are those of the function of `sys`, as the reasons of a failure name them. */
  constructor(
    shard: Shard,
    caller: Process | undefined,
    dest: Dest,
    request: SystemRequest,
    args: readonly unknown[],
    timeoutMs: number,
  ) {
    super(shard, caller, dest, request, timeoutMs);
    this.#args = args;
  }

  override deliverTo(server: Addressee): void {
    server.deliver(SYSTEM, this);
  }

  override asTuple(): readonly unknown[] {
    return ["sys", this.request[0], this.#args];
  }
}
