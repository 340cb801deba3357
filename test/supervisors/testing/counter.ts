import {
  type CallResult,
  type CastResult,
  GenServer,
  noReply,
  ok,
  type Ok,
  reply,
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
