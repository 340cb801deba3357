import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import type { Pid, Runtime, Self } from "../../../runtime/index.ts";

export interface Listener {
  readonly pid: Pid;
  /** What has come, in order. */
  readonly got: readonly unknown[];
  /** Does something as this process. */
  run(action: (self: Self) => void): Promise<void>;
}

/** A process that subscribes to each of the topics and keeps what it gets. */
export function listen(runtime: Runtime, name: string, ...topics: string[]): Promise<Listener> {
  return new Promise((resolve) => {
    const got: unknown[] = [];
    const pid = runtime.spawn(async (self) => {
      for (const topic of topics) PubSub.subscribe(self, name, topic);
      const run = (action: (self: Self) => void): Promise<void> =>
        new Promise((done) => {
          runtime.send(pid, () => done(action(self)));
        });
      resolve({ pid, got, run });
      for (;;) {
        const message = await self.receive();
        if (typeof message === "function") message();
        else got.push(message);
      }
    });
  });
}
