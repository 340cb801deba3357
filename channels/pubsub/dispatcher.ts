import type { Pid } from "../../runtime/index.ts";

/** One subscription: who, and what the subscriber has left with it for dispatchers to read. */
export interface Subscription {
  readonly pid: Pid;
  readonly metadata: unknown;
}

/** Sends as the broadcaster: its process, or the runtime. */
export interface Sender {
  send(dest: Pid, message: unknown): void;
}

/**
 * How a broadcast reaches the subscribers of a topic. Runs in the turn of the broadcaster, once for each broadcast that has
 * subscribers; on other places once there. The rows don't change while it runs. It skips the rows whose pid is `from` itself.
 * What it throws is thrown to the broadcaster. Answers to the `dispatch/3` of `Phoenix.PubSub.broadcast/4`.
 */
export interface Dispatcher {
  dispatch(rows: readonly Subscription[], from: Pid | undefined, message: unknown, sender: Sender): void;
}

/** Sends the message as it is to each subscriber. */
export const plainDispatcher: Dispatcher = {
  dispatch(rows, from, message, sender) {
    for (let index = 0; index < rows.length; index += 1) {
      const { pid } = rows[index] as Subscription;
      if (pid !== from) sender.send(pid, message);
    }
  },
};
