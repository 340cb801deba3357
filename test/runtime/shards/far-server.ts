import {
  type From,
  GenServer,
  GenStatem,
  ignore,
  keepState,
  noReply,
  ok,
  type Pid,
  reply,
  stop,
} from "../../../runtime/index.ts";

/** Does what it is asked to. */
export class FarServer extends GenServer<unknown, unknown, unknown, unknown> {
  static override readonly module: string = import.meta.url;

  override init(arg: unknown): never {
    if (arg === "ignore") return ignore as never;
    if (arg === "trap") this.self.trapExit(true);
    if (Array.isArray(arg) && arg[0] === "stop") return stop(arg[1]) as never;
    if (arg === "hang") return new Promise(() => {}) as never;
    return ok(arg) as never;
  }

  override async handleCall(request: unknown, from: From): Promise<never> {
    const [what, value, to] = Array.isArray(request) ? request : [request];
    if (what === "function") return reply(() => {}) as never;
    if (what === "stop with a function") return stop("done", { deep: [() => {}] }) as never;
    if (what === "silence") return noReply() as never;
    if (what === "die") this.self.exit(value);
    if (what === "later") {
      this.self.sendAfter(value as number, this.self.pid, [from, "late"]);
      return noReply() as never;
    }
    if (what === "forward") {
      this.self.send(to as Pid, [from, value]);
      return noReply() as never;
    }
    if (what === "pid") return reply(this.self.pid) as never;
    return reply(value) as never;
  }

  /** Answers the call that came in a message. */
  override handleInfo(message: unknown): never {
    const [from, value] = message as [From, unknown];
    this.self.reply(from, value);
    return noReply() as never;
  }

  override handleCast(request: unknown): never {
    this.state = request;
    return noReply() as never;
  }
}

/** A machine that answers with what can't be sent. */
export class FarStatem extends GenStatem<string, undefined, unknown> {
  static override readonly module: string = import.meta.url;

  override init(): never {
    return { state: "a" } as never;
  }
}

export const unused = keepState;
