import { GenServer, noReply, type NoReply, ok, type Ok } from "../../../runtime/index.ts";

export interface Till {
  taken: number;
  given: number;
}

const PAUSE_MS = 10;

/** Takes something, and gives it on with the next message: who ends it between the two loses it. */
export class Clerk extends GenServer<Till> {
  init(till: Till): Ok<Till> {
    this.self.sendAfter(PAUSE_MS, this.self.pid, "take");
    return ok(till);
  }

  override handleInfo(message: unknown): NoReply {
    if (message === "take") {
      this.state.taken += 1;
      this.self.send(this.self.pid, "give" as never);
    }
    if (message === "give") {
      this.state.given += 1;
      this.self.sendAfter(PAUSE_MS, this.self.pid, "take");
    }
    return noReply();
  }
}
