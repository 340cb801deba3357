import type { Pid, Runtime, Self } from "../../runtime/index.ts";

/** A process that does as it is told, and collects what else it gets. */
export interface Doer {
  /** As its own shard knows it. */
  readonly pid: Pid;
  readonly messages: unknown[];
  /** Has it do something in a turn of its own. */
  readonly do: (what: (self: Self) => unknown) => void;
}

export function startDoer(
  runtime: Runtime,
  options: { readonly trap?: boolean; readonly name?: string } = {},
): Doer {
  const messages: unknown[] = [];
  const pid = runtime.spawn(async (self) => {
    self.trapExit(options.trap ?? false);
    if (options.name !== undefined) self.register(options.name);
    for (;;) {
      const message = await self.receive();
      if (typeof message === "function") await (message as (self: Self) => unknown)(self);
      else messages.push(message);
    }
  });
  return { pid, messages, do: (what) => runtime.send(pid, what) };
}
