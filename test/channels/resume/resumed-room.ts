import {
  broadcast,
  broadcastFrom,
  Channel,
  type ChannelSocket,
  defineSocket,
  type HandleInMap,
  type HandleInReturn,
  type HandleReturn,
  type JoinReturn,
  noReply,
  ok,
  push,
  reply,
  type ResumeOptions,
  type SocketDefinition,
} from "../../../channels/index.ts";

export const LOG = "test.log";

interface RoomContract {
  readonly join: { readonly reply?: unknown };
  readonly in: { readonly [event: string]: object };
}
type RoomSocket = ChannelSocket<RoomContract>;

/** A channel whose `said` and `whispered` are logged, and whose `typing` is not. */
export class ResumedRoom extends Channel<RoomContract> {
  static override readonly resume: ResumeOptions = { log: LOG, events: ["said", "whispered"] };
  static override readonly intercept: readonly string[] = ["intercepted"];

  #params: object = {};

  join(_topic: string, payload: { readonly reply?: unknown }, socket: RoomSocket): JoinReturn {
    this.#params = payload;
    this.self.send(this.self.pid, "after join");
    return payload.reply === undefined ? ok(socket) : ok(payload.reply, socket);
  }

  handleIn: HandleInMap<RoomContract> = {
    say: (payload, socket): HandleInReturn => {
      broadcast(socket, "said", payload);
      return noReply(socket);
    },
    whisper: (payload, socket): HandleInReturn => {
      broadcastFrom(socket, "whispered", payload);
      return noReply(socket);
    },
    type: (payload, socket): HandleInReturn => {
      broadcast(socket, "typing", payload);
      return noReply(socket);
    },
    sayBytes: (_payload, socket): HandleInReturn => {
      broadcast(socket, "said", new Uint8Array([1, 2, 3]));
      return reply("ok", socket);
    },
    params: (_payload, socket): HandleInReturn => reply("ok", this.#params, socket),
    crash: () => {
      throw new Error("asked to");
    },
  };

  override handleInfo(_message: unknown, socket: RoomSocket): HandleReturn {
    push(socket, "welcome", {});
    return noReply(socket);
  }
}

export const resumedSocket: SocketDefinition = defineSocket({
  channels: [["room:*", ResumedRoom]],
  connect: (_params, socket) => ok(socket),
});
