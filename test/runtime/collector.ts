import type { Pid, Runtime } from "../../runtime/index.ts";

/** Starts a process that collects what it gets. */
export function collector(
  runtime: Runtime,
  options: { trap?: boolean } = {},
): { pid: Pid; messages: unknown[] } {
  const messages: unknown[] = [];
  const pid = runtime.spawn(async (self) => {
    self.trapExit(options.trap ?? false);
    for (;;) messages.push(await self.receive());
  });
  return { pid, messages };
}
