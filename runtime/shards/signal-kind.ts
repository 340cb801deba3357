/**
 * The signals between shards: lists, the first item of each its kind, the second whom it is about there. Messages, casts, calls and
 * replies, of which there are many, stand without a list: kind, receiver, for a call its number, and the message.
 */
export const SignalKind = {
  Message: 0,
  Cast: 1,
  Call: 2,
  Stop: 3,
  System: 4,
  Reply: 5,
  Alias: 6,
  Exit: 7,
  Link: 8,
  Unlink: 9,
  LinkBroken: 10,
  Watch: 11,
  Gone: 12,
  Start: 13,
  Started: 14,
  Refusal: 15,
  Said: 17,
  Unlinked: 16,
  /** To who asked for a process by its name on this node. */
  NameIs: 18,
  /** The trace to which the next message to that process belongs. Nobody sends it while no messages are followed. */
  Context: 19,
} as const;
