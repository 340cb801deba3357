import { inspect } from "node:util";
import type { Pid } from "../../runtime/index.ts";

/** What has come to a test: to a client of its, by PubSub, to its own process, or the end of a channel. */
export type Received =
  | {
      readonly kind: "push";
      readonly client: Pid;
      readonly topic: string;
      readonly event: string;
      readonly payload: unknown;
    }
  | { readonly kind: "reply"; readonly ref: string; readonly status: string; readonly payload: unknown }
  | { readonly kind: "broadcast"; readonly topic: string; readonly event: string; readonly payload: unknown }
  | { readonly kind: "exit"; readonly pid: Pid; readonly topic: string; readonly payload: unknown }
  | { readonly kind: "message"; readonly payload: unknown };

/** One line for a list of what came. */
export function describeReceived(received: Received): string {
  const payload = inspect(received.payload, { depth: 4, breakLength: Infinity });
  switch (received.kind) {
    case "push":
      return `push "${received.event}" on ${received.topic}: ${payload}`;
    case "reply":
      return `reply "${received.status}" to push ${received.ref}: ${payload}`;
    case "broadcast":
      return `broadcast "${received.event}" on ${received.topic}: ${payload}`;
    case "exit":
      return `exit of the channel of ${received.topic}: ${payload}`;
    case "message":
      return `message: ${payload}`;
  }
}
