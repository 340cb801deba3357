import { inspect } from "node:util";
import type { AnySocket } from "../socket.ts";
import { matches } from "./pattern.ts";
import type { PushRef } from "./push-ref.ts";
import type { Received } from "./received.ts";

/** What an assertion looks for. */
export interface Wanted {
  readonly what: string;
  readonly pattern: unknown;
  /** Whether it is of that kind, whatever its payload. */
  isOf(received: Received): boolean;
}

/** Whether it is what is wanted, payload included. */
export function fits({ isOf, pattern }: Wanted, received: Received): boolean {
  return isOf(received) && (pattern === undefined || matches(pattern, received.payload));
}

export function wantedPush({ topic, transportPid }: AnySocket, event: string, pattern: unknown): Wanted {
  return {
    what: `push "${event}" on ${topic}${matching(pattern)}`,
    pattern,
    isOf: (received) =>
      received.kind === "push" &&
      received.client === transportPid &&
      received.topic === topic &&
      received.event === event,
  };
}

export function wantedReply(
  { ref, topic, event }: PushRef,
  status: string | undefined,
  pattern: unknown,
): Wanted {
  const kind = status === undefined ? "reply" : `reply "${status}"`;
  return {
    what: `${kind} to push ${ref} ("${event}" on ${topic})${matching(pattern)}`,
    pattern,
    isOf: (received) =>
      received.kind === "reply" &&
      received.ref === ref &&
      (status === undefined || received.status === status),
  };
}

export function wantedBroadcast(on: AnySocket | string, event: string, pattern: unknown): Wanted {
  const topic = typeof on === "string" ? on : on.topic;
  return {
    what: `broadcast "${event}" on ${topic}${matching(pattern)}`,
    pattern,
    isOf: (received) => received.kind === "broadcast" && received.topic === topic && received.event === event,
  };
}

export function wantedExit({ topic, channelPid }: AnySocket, pattern: unknown): Wanted {
  return {
    what: `exit of the channel of ${topic}${matching(pattern)}`,
    pattern,
    isOf: (received) => received.kind === "exit" && received.pid === channelPid,
  };
}

export function wantedMessage(pattern: unknown): Wanted {
  return { what: `message${matching(pattern)}`, pattern, isOf: ({ kind }) => kind === "message" };
}

function matching(pattern: unknown): string {
  if (pattern === undefined) return "";
  if (typeof pattern === "function") return ` that satisfies ${pattern.toString()}`;
  return ` that matches ${inspect(pattern, { depth: 4, breakLength: Infinity })}`;
}
