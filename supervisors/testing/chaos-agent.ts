import {
  type CallResult,
  type CastResult,
  GenServer,
  noReply,
  ok,
  type Ok,
  type Pid,
  reply,
} from "../../runtime/index.ts";
import { residentOf } from "../../runtime/internal.ts";
import { candidatesOf } from "./candidate.ts";
import { harm, type ProcessHarm } from "./process-fault.ts";

/** Harms the processes of a shard on another thread, where only who is there can. */
export class ChaosAgent extends GenServer<undefined, "candidates", readonly [Pid, ProcessHarm]> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<undefined> {
    return ok(undefined);
  }

  override handleCall(): CallResult {
    return reply(candidatesOf(this.self.runtime));
  }

  override handleCast([pid, what]: readonly [Pid, ProcessHarm]): CastResult {
    const process = residentOf(pid);
    if (process !== undefined) harm(this.self.runtime, process, what);
    return noReply();
  }
}
