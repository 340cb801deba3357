import type { Pid, Self } from "../runtime/index.ts";
import { DownMessage, ExitMessage, TIMEOUT } from "../runtime/index.ts";
import { isOrderly } from "../runtime/internal.ts";
import type { RestartType, Shutdown } from "./child-spec.ts";

/**
 * Ends the child `pid` of `self` as `shutdown` says, and answers with its exit reason once it is dead. Its EXIT is taken out of
 * the mailbox: to be ended is no crash.
 */
export async function shutdownChild(self: Self, pid: Pid, shutdown: Shutdown): Promise<unknown> {
  const ref = self.monitor(pid);
  self.exit(pid, shutdown === "brutal_kill" ? "kill" : "shutdown");
  const isDown = (message: unknown) => message instanceof DownMessage && message.ref === ref;
  let down = await self.receive(isDown, {
    timeoutMs: typeof shutdown === "number" ? shutdown : Number.POSITIVE_INFINITY,
  });
  if (down === TIMEOUT) {
    self.exit(pid, "kill");
    down = await self.receive(isDown);
  }
  self.unlink(pid);
  // A child that was dead already has left its real reason there; the monitor knows no more than "noproc". One that
  // has unlinked itself has left nothing.
  const exit = await self.receive((message) => message instanceof ExitMessage && message.pid === pid, {
    timeoutMs: 0,
  });
  return ((exit === TIMEOUT ? down : exit) as ExitMessage | DownMessage).reason;
}

/** Whether a child that was told to end has ended for that, or in another way that its restart type has no quarrel with. */
export function endedAsTold(spec: { restart: RestartType; shutdown: Shutdown }, reason: unknown): boolean {
  if (reason === (spec.shutdown === "brutal_kill" ? "killed" : "shutdown")) return true;
  return spec.restart !== "permanent" && isOrderly(reason);
}
