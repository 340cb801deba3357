import { GenServer, ignore, ok, reply, stop } from "../../../runtime/index.ts";

type Init = "trap" | "die at once" | "ignore" | "hang" | { readonly stop: unknown } | undefined;
type Request = "pid" | "parent" | { readonly exit: unknown };

/** A server that can be started on any shard. */
export class FarServer extends GenServer<Init, Request> {
  static override readonly module: string = import.meta.url;

  override init(how: Init): ReturnType<GenServer<Init>["init"]> {
    if (how === "ignore") return ignore;
    if (how === "hang") return new Promise<never>(() => {});
    if (typeof how === "object") return stop(how.stop);
    this.self.trapExit(how === "trap");
    return how === "die at once" ? ok(how, { continue: "boom" }) : ok(how);
  }

  override handleContinue(reason: unknown): never {
    return this.self.exit(reason);
  }

  override handleCall(request: Request): ReturnType<NonNullable<GenServer["handleCall"]>> {
    if (request === "pid") return reply(this.self.pid);
    if (request === "parent") return reply(this.self.info(this.self.pid, "parent"));
    return this.self.exit(request.exit);
  }
}

/** The same under another name, for a test in which nobody has started it before. */
export class LateServer extends FarServer {}
