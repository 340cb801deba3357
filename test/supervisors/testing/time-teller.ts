import { type CallResult, GenServer, ok, type Ok, reply } from "../../../runtime/index.ts";

/** Answers the time of day where it lives. */
export class TimeTeller extends GenServer<undefined, "time"> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<undefined> {
    return ok(undefined);
  }

  override handleCall(): CallResult {
    return reply(this.self.runtime.clock.systemTimeMs());
  }
}
