import type { Message, MessageRef } from "../message.ts";

/** What a transport does with a message of its client. */
export const Dispatch = {
  Heartbeat: 0,
  Join: 1,
  /** A join of a topic that is joined already: the old channel goes first. */
  Rejoin: 2,
  ToChannel: 3,
  LeaveChannel: 4,
  /** Meant for a channel that the client had under the same topic before. */
  IgnoreStale: 5,
  /** The channel is gone already, which is what the client wants. */
  ConfirmLeave: 6,
  Unmatched: 7,
} as const;
export type Dispatch = (typeof Dispatch)[keyof typeof Dispatch];

/** Decides, with the join_ref under which the topic is joined, or undefined if it isn't. Touches nothing. */
export function dispatchOf(message: Message, joinedAs: MessageRef | undefined): Dispatch {
  const { topic, event } = message;
  if (topic === "phoenix" && event === "heartbeat") return Dispatch.Heartbeat;
  if (event === "phx_join") return joinedAs === undefined ? Dispatch.Join : Dispatch.Rejoin;
  if (joinedAs === undefined) return event === "phx_leave" ? Dispatch.ConfirmLeave : Dispatch.Unmatched;
  if (isStale(message.joinRef, joinedAs)) return Dispatch.IgnoreStale;
  return event === "phx_leave" ? Dispatch.LeaveChannel : Dispatch.ToChannel;
}

/** A binary push without join_ref has the empty string there, which means the same as null. */
function isStale(joinRef: MessageRef, joinedAs: MessageRef): boolean {
  return joinRef !== joinedAs && joinRef !== null && joinRef !== "";
}
