import {
  type CallResult,
  type CastResult,
  type From,
  GenServer,
  noReply,
  ok,
  type Ok,
  reply,
  stop,
} from "../../runtime/index.ts";

export interface Account {
  balance: number;
  secret: string;
  taken: unknown[];
}

/** A server that notes what it takes, and does what some of it says. */
export class Bank extends GenServer<Account> {
  init(trap: boolean): Ok<Account> {
    this.self.trapExit(trap);
    return ok({ balance: 1, secret: "pin", taken: [] });
  }
  override handleCall(request: unknown, from: From): CallResult {
    this.state.taken.push(request);
    if (request === "later") {
      this.self.reply(from, "late");
      return noReply();
    }
    if (request === "bye") return stop("normal", "bye");
    return reply(request);
  }
  override handleCast(request: unknown): CastResult | Promise<CastResult> {
    this.state.taken.push(request);
    if (request === "crash") throw new Error("crash");
    if (request === "wait") return noReply({ timeoutMs: 100 });
    if (request === "continue") return noReply({ continue: "c" });
    if (request !== "async") return noReply();
    return this.self.receive((m) => m === "go").then(() => noReply());
  }
  override handleContinue(): CastResult {
    return noReply();
  }
  override handleInfo(message: unknown): CastResult {
    this.state.taken.push(message);
    return noReply();
  }
}
