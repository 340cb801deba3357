import {
  type CallResult,
  type CastResult,
  GenServer,
  noReply,
  ok,
  type Ok,
  type Pid,
  reply,
  type Runtime,
} from "../../../runtime/index.ts";

/** Counts what it is told to; whatever else comes it takes. */
export class Counter extends GenServer<number, "value", "add"> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<number> {
    return ok(0);
  }
  override handleCall(): CallResult {
    return reply(this.state);
  }
  override handleCast(): CastResult {
    this.state += 1;
    return noReply();
  }
  override handleInfo(): CastResult {
    return noReply();
  }
}

/** A fault of its own: it has counted so many more. */
export function miscount(runtime: Runtime, pid: Pid, by: number): void {
  for (let n = 0; n < by; n += 1) runtime.cast(pid as never, "add" as never);
}
