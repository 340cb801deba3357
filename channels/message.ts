/** A join_ref or a ref: whatever JSON the client chose, echoed as it is. In practice a string or null. */
export type MessageRef = string | number | boolean | null;

/** A push: of the client to its channel, or of the channel to its client. `Phoenix.Socket.Message`. */
export class Message {
  readonly joinRef: MessageRef;
  readonly ref: MessageRef;
  readonly topic: string;
  readonly event: string;
  readonly payload: unknown;

  constructor(joinRef: MessageRef, ref: MessageRef, topic: string, event: string, payload: unknown) {
    this.joinRef = joinRef;
    this.ref = ref;
    this.topic = topic;
    this.event = event;
    this.payload = payload;
  }
}

/** The answer to a push. `Phoenix.Socket.Reply`. */
export class ReplyMessage {
  readonly joinRef: MessageRef;
  readonly ref: MessageRef;
  readonly topic: string;
  readonly status: string;
  readonly payload: unknown;

  constructor(joinRef: MessageRef, ref: MessageRef, topic: string, status: string, payload: unknown) {
    this.joinRef = joinRef;
    this.ref = ref;
    this.topic = topic;
    this.status = status;
    this.payload = payload;
  }
}

/**
 * What is published to the subscribers of a topic. Clients that joined the topic get it as a frame; processes that
 * subscribed by themselves find it in their mailbox. `Phoenix.Socket.Broadcast`.
 */
export class Broadcast {
  readonly topic: string;
  readonly event: string;
  readonly payload: object;

  constructor(topic: string, event: string, payload: object) {
    this.topic = topic;
    this.event = event;
    this.payload = payload;
  }
}
