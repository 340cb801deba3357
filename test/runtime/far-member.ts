import {
  type CallResult,
  GenServer,
  type Ok,
  ok,
  ProcessGroups,
  Registry,
  reply,
} from "../../runtime/index.ts";

interface Named {
  readonly scope: string;
  readonly group: string;
}

/** Joins a group, and tells who is in it, from whichever shard it runs on. */
export class FarMember extends GenServer<Named, "members"> {
  static override readonly module: string = import.meta.url;

  init(named: Named): Ok<Named> {
    ProcessGroups.join(this.self, named.scope, named.group, this.self.pid);
    return ok(named);
  }

  override handleCall(): CallResult {
    return reply(ProcessGroups.members(this.self, this.state.scope, this.state.group));
  }
}

/** Registers itself under keys, and tells who has them, from whichever shard it runs on. */
export class FarHolder extends GenServer<
  string,
  readonly ["register" | "lookup", key: unknown, value?: unknown]
> {
  static override readonly module: string = import.meta.url;

  init(registry: string): Ok<string> {
    return ok(registry);
  }

  override handleCall([what, key, value]: readonly ["register" | "lookup", unknown, unknown?]): CallResult {
    if (what === "lookup") return reply(Registry.lookup(this.self, this.state, key));
    return reply(Registry.register(this.self, this.state, key, value).ok);
  }
}
