/** Where the answer to a request goes: a place, as its PubSub calls it, and a topic there. */
export interface ReturnRoute {
  readonly nodeName: string;
  readonly topic: string;
}

/**
 * What a request of a client asks its session, wherever that is. Plain values, since they go through PubSub: other places have
 * classes of their own.
 */
export type SessionRequest =
  /** Is it there? Answered with `here`. */
  | { readonly longpoll: "hello"; readonly to: ReturnRoute }
  /** Answered with `messages`, once there are any. */
  | { readonly longpoll: "poll"; readonly to: ReturnRoute }
  /** Nobody waits for the answer to a poll any more. Answered with `expired`, behind all that it has been answered before. */
  | { readonly longpoll: "expired"; readonly to: ReturnRoute }
  /** The messages have arrived there. Said only by another place, from which they may have been lost on the way; not answered. */
  | { readonly longpoll: "got"; readonly to: ReturnRoute }
  /** A frame of the client, answered with `handled`. */
  | { readonly longpoll: "frame"; readonly to: ReturnRoute; readonly data: string | Uint8Array };

/** What the desk of a mount is asked: whether a session is gone. Answered only if it is. */
export interface SessionQuestion {
  readonly longpoll: "gone?";
  readonly to: ReturnRoute;
  /** The topic of the session. */
  readonly session: string;
}

export type SessionAnswer =
  | { readonly longpoll: "here" }
  | { readonly longpoll: "messages"; readonly messages: readonly string[] }
  | { readonly longpoll: "expired" }
  | { readonly longpoll: "handled" }
  | { readonly longpoll: "gone"; readonly how: SessionEnd };

/** A session has ended meanwhile, in order or by a crash, or it was not there any more to take the request. */
export type SessionEnd = "ended" | "crashed" | "absent";

export function isSessionMessage(
  message: unknown,
): message is SessionRequest | SessionQuestion | SessionAnswer {
  return typeof message === "object" && message !== null && "longpoll" in message;
}
