import type { From } from "../../runtime/index.ts";
import {
  broadcast,
  broadcastFrom,
  Channel,
  type ChannelSocket,
  defineSocket,
  error,
  type HandleCallReturn,
  type HandleInMap,
  type HandleInReturn,
  type HandleReturn,
  type JoinReturn,
  noReply,
  ok,
  push,
  reply,
  replyTo,
  type Socket,
  type SocketDefinition,
  socketRef,
  stop,
} from "../../channels/index.ts";

interface RoomContract {
  readonly in: { readonly [event: string]: { readonly reason?: unknown } };
  readonly call: string;
  readonly cast: string;
}
type RoomSocket = ChannelSocket<RoomContract>;

/** A wrong value, where the compiler would not let one be returned. */
const wrong = <T>(value: unknown): T => value as T;

/** A join of `room:gate` returns when the gate that was closed last is open. */
let gate: Promise<void> = Promise.resolve();

/** Closes the gate, and answers what opens it. */
export function closeGate(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  return resolve;
}

/** What terminate was called with, oldest first. */
export const terminations: { readonly topic: string; readonly reason: unknown; readonly joined: boolean }[] =
  [];

/** A channel that does whatever a client asks for. */
export class RoomChannel extends Channel<RoomContract> {
  static override readonly intercept: readonly string[] = ["intercepted"];

  join(topic: string, payload: unknown, socket: RoomSocket): JoinReturn | Promise<JoinReturn> {
    switch (topic) {
      case "room:gate":
        return gate.then(() => ok({ slow: true }, socket));
      case "room:raise":
        throw new Error("join failed");
      case "room:push":
        push(socket, "too", { early: true });
        return ok(socket);
      case "room:broadcast":
        broadcast(socket, "too", { early: true });
        return ok(socket);
      case "room:ref":
        socketRef(socket);
        return ok(socket);
      case "room:bigint":
        return ok({ n: 1n }, socket);
      case "room:forbidden":
        return error({ reason: "unauthorized" });
      case "room:wrong":
        return wrong("wrong");
      case "room:plain":
        return ok(socket);
      case "room:trap":
        this.self.trapExit(true);
        return ok(socket);
      default:
        this.self.send(this.self.pid, ["after_join", payload]);
        return ok({ topic, assigns: socket.assigns }, socket.assign("events", 0));
    }
  }

  readonly handleIn: HandleInMap<RoomContract> = {
    echo: (payload, socket) => reply("ok", payload, socket),
    count: (_, socket) => {
      const events = Number(socket.assigns["events"]) + 1;
      return reply("ok", { events }, socket.assign({ events }));
    },
    async: async (payload, socket) => {
      await Promise.resolve();
      return reply("ok", payload, socket);
    },
    gate: async (_, socket) => {
      await gate;
      return noReply(socket);
    },
    status: (_, socket) => reply("maybe", socket),
    refuse: (_, socket) => reply("error", { reason: "nope" }, socket),
    silent: (_, socket) => noReply(socket),
    shout: (payload, socket) => {
      broadcast(socket, "shout", payload);
      return reply("ok", socket);
    },
    whisper: (payload, socket) => {
      broadcastFrom(socket, "whisper", payload);
      return noReply(socket);
    },
    intercept: (payload, socket) => {
      broadcast(socket, "intercepted", payload);
      return noReply(socket);
    },
    push: (payload, socket) => {
      push(socket, "pushed", payload);
      return noReply(socket);
    },
    push_wrong: (_, socket) => {
      push(socket, "pushed", wrong("text"));
      return noReply(socket);
    },
    later: (_, socket) => {
      const ref = socketRef(socket);
      this.self.spawn(() => replyTo(ref, "ok", { later: true }));
      return noReply(socket);
    },
    idle: (_, socket) => noReply(socket, { timeoutMs: 1_000 }),
    stop: ({ reason }, socket) => stop(reason, socket),
    stop_reply: (_, socket) => stop("normal", ["ok", { bye: true }], socket),
    stop_status: (_, socket) => stop(["shutdown", "done"], "bye", socket),
    crash: () => {
      throw new Error("boom");
    },
    exit: () => this.self.exit("normal"),
    wrong: () => wrong("wrong"),
    wrong_status: (_, socket) => reply(7, socket),
    wrong_stop: (_, socket) => stop("normal", wrong([7, {}]), socket),
    wrong_socket: () => reply("ok", {}, wrong({})),
  };

  override handleOut(event: string, payload: object, socket: RoomSocket): HandleReturn {
    if ("wrong" in payload) return wrong(reply("ok", socket));
    push(socket, event, { ...payload, for: socket.assigns["events"] });
    return noReply(socket);
  }

  override handleInfo(message: unknown, socket: RoomSocket): HandleReturn {
    push(socket, "info", { message, ref: socket.ref });
    return noReply(socket);
  }

  override handleCall(request: string, from: From, socket: RoomSocket): HandleCallReturn {
    if (request === "later") {
      this.self.spawn((self) => self.reply(from, "later"));
      return noReply(socket);
    }
    return request === "stop" ? stop("shutdown", socket) : reply([request, socket.topic], socket);
  }

  override handleCast(request: string, socket: RoomSocket): HandleReturn {
    push(socket, "cast", { request });
    return noReply(socket);
  }

  override terminate(reason: unknown, { topic, joined }: RoomSocket): void {
    terminations.push({ topic, reason, joined });
  }
}

/** A channel with one handler for all events, and none of the other callbacks. */
export class BareChannel extends Channel {
  static override readonly intercept: readonly string[] = ["intercepted"];

  join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
    return ok(socket);
  }

  handleIn(event: string, payload: unknown, socket: Socket): HandleInReturn {
    if (event === "intercept") broadcast(socket, "intercepted", {});
    return reply("ok", { event, payload }, socket);
  }
}

/** A channel that handles nothing. */
export class MuteChannel extends Channel {
  join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
    return ok(socket);
  }
}

export const roomSocket: SocketDefinition = defineSocket({
  name: "RoomSocket",
  channels: [
    ["room:*", RoomChannel],
    ["kept:*", RoomChannel, { assigns: { kept: true } }],
    ["bare:*", BareChannel],
    ["mute:*", MuteChannel],
  ],
  connect: ({ token, user_id = "anon" }, socket, connectInfo) => {
    if (token === "refuse") return error();
    if (token === "reason") return error("unauthorized");
    if (token === "raise") throw new Error("connect failed");
    if (token === "wrong") return wrong("wrong");
    return ok(socket.assign({ userId: user_id, connectInfo }));
  },
  id: ({ assigns: { userId } }) => (userId === "wrong" ? wrong(7) : `user_socket:${String(userId)}`),
});
