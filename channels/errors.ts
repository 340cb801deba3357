import { RookeryError } from "../runtime/index.ts";
import { brief } from "../runtime/internal.ts";

/** Every error that the channels layer raises: `%s` are filled in order. `docs/errors.md` explains each. */
export const channelsErrors = {
  ROOKERY_CHANNEL_BAD_RETURN: "Expected %s to return one of:%s\ngot %s",
  ROOKERY_CHANNEL_NO_HANDLER: "Expected %s to have %s for the event %s, got none",
  ROOKERY_CHANNEL_NOT_JOINED: `Expected push, broadcast and socketRef to be called after the socket has finished joining, got a socket that has not.
To push on join, send yourself a message and push when it comes, in handleInfo:

    join(topic, payload, socket) {
      this.self.send(this.self.pid, "after_join");
      return ok(socket);
    }

    handleInfo(message, socket) {
      push(socket, "feed", { list: this.feedItems(socket) });
      return noReply(socket);
    }`,
  ROOKERY_CHANNEL_NO_REF:
    "Expected socketRef to be called while a push of the client is handled, got a socket without one on %s",
  ROOKERY_CONTRACT: "Expected %s in the contract of a channel, got %s",
  ROOKERY_CONTRACT_PAYLOAD: "Expected %s to fit the contract of %s, got %s",
  ROOKERY_DISPATCHER:
    "Expected a dispatcher that the PubSub %s has under a name, by its option dispatchers, got %s",
  ROOKERY_EXPIRY: "Expected a socket to expire at a number of milliseconds since 1970, got %s",
  ROOKERY_FIELD_TOO_LONG:
    "Expected the %s of a binary frame to have at most 255 bytes in UTF-8, got %s bytes",
  ROOKERY_FRAME_MALFORMED: "Expected a frame %s, got %s",
  ROOKERY_NODE_NAME_TAKEN: "Expected %s to be the name of one node only, got another one of that name at %s",
  ROOKERY_NODE_UNNAMED:
    "Expected %s to have a name for this node, its own option or that of the runtime, got none",
  ROOKERY_LONGPOLL_OPTION: "Expected %s in the options of a long-poll mount, got %s",
  ROOKERY_NOT_STARTED: "Expected a running %s under the name %s, got none",
  ROOKERY_ORIGIN:
    "Expected checkOrigin to be true, false, conn, a function, or a list of origins like //x.com, got %s",
  ROOKERY_PAYLOAD: "Expected the payload of %s to be an object or bytes (Uint8Array), got %s",
  ROOKERY_PAYLOAD_NOT_JSON: "Expected the payload of %s to be JSON, but it can't be encoded: %s",
  ROOKERY_PRESENCE_CALLBACK: "Expected %s to have %s, got none",
  ROOKERY_PRESENCE_META: "Expected the meta of %s to be an object that JSON has a form for, got %s",
  ROOKERY_REDIS: "Expected Redis at %s to answer, got %s",
  ROOKERY_REDIS_OPTION: "Expected %s in the options of %s, got %s",
  ROOKERY_PRESENCE_OPTION: "Expected %s in the options of a Presence, got %s",
  ROOKERY_RESUME_EVENTS: "Expected the topic %s to be resumed with the events %s, as others do, got %s",
  ROOKERY_RESUME_OPTION: "Expected %s in the resume of %s, got %s",
  ROOKERY_RESUME_REPLY: "Expected a join to reply JSON to a client that resumes, got bytes: %s",
  ROOKERY_SECRET: "Expected a secret key base of at least 20 bytes, got %s",
  ROOKERY_SOCKET_OPTION: "Expected %s in the definition of a socket, got %s",
  ROOKERY_TERM: "Expected a term that can be in a token (%s), got %s",
  ROOKERY_TOKEN_OPTION: "Expected %s in the options of a token, got %s",
  ROOKERY_TOPIC_AND_EVENT: "Expected topic and event to be strings, got %s and %s",
  ROOKERY_TOPIC_LOG_OPTION: "Expected %s in the options of a TopicLog, got %s",
  ROOKERY_TOPIC_PATTERN: "Expected a topic pattern to be a topic or to end in its only *, got %s",
  ROOKERY_UNNAMED: "Expected the %s to be started under a name, got none",
  ROOKERY_WEBSOCKET_OPTION: "Expected %s in the options of a WebSocket mount, got %s",
} as const;

export type ChannelsErrorCode = keyof typeof channelsErrors;

export function channelsError(code: ChannelsErrorCode, ...values: unknown[]): RookeryError {
  let next = 0;
  return new RookeryError(
    code,
    channelsErrors[code].replace(/%s/g, () => brief(values[next++])),
  );
}
