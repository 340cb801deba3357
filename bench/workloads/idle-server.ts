import { DownMessage, GenServer, ok, type Ok, type Pid, type Self } from "rookery";

/** A server that does nothing. */
export class IdleServer extends GenServer<number> {
  init(state: number): Ok<number> {
    return ok(state);
  }
}

export async function killAll(self: Self, pids: readonly Pid[]): Promise<void> {
  for (const pid of pids) {
    self.monitor(pid);
    self.exit(pid, "kill");
  }
  for (let left = pids.length; left > 0; left -= 1) {
    await self.receive((message) => message instanceof DownMessage);
  }
}
