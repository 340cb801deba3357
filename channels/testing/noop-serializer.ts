import { EncodedFrame } from "../encoded-frame.ts";
import { channelsError } from "../errors.ts";
import type { Broadcast, Message, ReplyMessage } from "../message.ts";
import { assertPayload } from "../payload.ts";
import type { Serializer } from "../serializer/serializer.ts";

/** A frame that is still the message. */
export class NoopFrame extends EncodedFrame {
  readonly sent: Message | ReplyMessage | Broadcast;

  constructor(sent: Message | ReplyMessage | Broadcast) {
    super("");
    this.sent = sent;
  }
}

/** Leaves messages as they are, so that tests see the payloads themselves. `Phoenix.ChannelTest.NoopSerializer`. */
class NoopSerializer implements Serializer {
  readonly vsn: string;

  constructor(vsn: string) {
    this.vsn = vsn;
  }

  encode(message: Message | ReplyMessage): EncodedFrame {
    if ("event" in message) assertPayload(message.payload, message.event);
    return new NoopFrame(message);
  }

  encodeBroadcast(broadcast: Broadcast): EncodedFrame {
    return new NoopFrame(broadcast);
  }

  decode(data: string | Uint8Array): never {
    throw channelsError("ROOKERY_FRAME_MALFORMED", "to be none in a test, which sends messages", data);
  }
}

/** Whatever version the params of a connect ask for. */
export const noopSerializers: readonly Serializer[] = ["1.0", "2.0"].map((vsn) => new NoopSerializer(vsn));
