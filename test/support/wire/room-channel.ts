import {
  broadcast,
  broadcastFrom,
  Channel,
  type ChannelSocket,
  error,
  type HandleInReturn,
  type HandleReturn,
  type JoinReturn,
  noReply,
  ok,
  Presence,
  push,
  reply,
  replyTo,
  type SocketRef,
  socketRef,
  stop,
} from "rookery/channels";
import { slowJson } from "../slow-json.ts";
import { names } from "./names.ts";

interface RoomContract {
  readonly assigns: { readonly user_id: string };
  readonly join: { readonly slow?: number };
  readonly in: Record<string, object>;
  readonly info: AfterJoin | Later;
}

type RoomSocket = ChannelSocket<RoomContract>;
type AfterJoin = "after_join";
type Later = { readonly later: SocketRef };

const LATER_MS = 20;

/** Does, event by event, each thing that a channel can do. */
export class RoomChannel extends Channel<RoomContract> {
  override async join(
    topic: string,
    { slow }: RoomContract["join"],
    socket: RoomSocket,
  ): Promise<JoinReturn> {
    const room = topic.slice("room:".length);
    if (room === "raise") throw new Error("raised in join");
    if (room === "forbidden") return error({ reason: "unauthorized" });
    if (slow !== undefined) await this.self.receive(() => false, { timeoutMs: slow });
    this.self.send(this.self.pid, "after_join" satisfies AfterJoin);
    return room === "noreply" ? ok(socket) : ok({ room }, socket);
  }

  override async handleInfo(message: AfterJoin | Later, socket: RoomSocket): Promise<HandleReturn> {
    if (message === "after_join") {
      push(socket, "presence_state", Presence.list(this.self, names.presence, socket.topic));
      await Presence.track(socket, names.presence, socket.assigns.user_id, { online_at: 1 });
    } else {
      replyTo(message.later, "ok", { later: true });
    }
    return noReply(socket);
  }

  readonly handleIn: Record<
    string,
    (payload: object, socket: RoomSocket) => HandleInReturn | Promise<HandleInReturn>
  > = {
    "message:new": (payload, socket) => {
      const { body } = payload as { readonly body?: unknown };
      broadcast(socket, "message:new", { user_id: socket.assigns.user_id, body });
      return reply("ok", {}, socket);
    },
    echo: (payload, socket) => reply("ok", payload, socket),
    crash: () => {
      throw new Error("crashed as it was told to");
    },
    stop: (_payload, socket) => stop("normal", socket),
    stop_shutdown: (_payload, socket) => stop("shutdown", socket),
    stop_boom: (_payload, socket) => stop("boom", socket),
    stop_reply: (_payload, socket) => stop("normal", ["ok", { bye: true }], socket),
    reply_error: (_payload, socket) => reply("error", { reason: "nope" }, socket),
    reply_atom: (_payload, socket) => reply("ok", socket),
    reply_custom: (_payload, socket) => reply("maybe", { a: 1 }, socket),
    spin: () => {
      while (true) {
        // Until somebody ends it.
      }
    },
    parse: (payload, socket) => {
      const { copies } = payload as { readonly copies: number };
      return reply("ok", { rows: (JSON.parse(slowJson(copies)) as unknown[]).length }, socket);
    },
    noreply: (_payload, socket) => noReply(socket),
    later: (_payload, socket) => {
      this.self.sendAfter(LATER_MS, this.self.pid, { later: socketRef(socket) } satisfies Later);
      return noReply(socket);
    },
    bad_return: () => "a wrong return" as unknown as HandleInReturn,
    push_self: (payload, socket) => {
      push(socket, "pushed", payload);
      return noReply(socket);
    },
    shout: (payload, socket) => {
      broadcast(socket, "shout", payload);
      return noReply(socket);
    },
    shout_from: (payload, socket) => {
      broadcastFrom(socket, "shout_from", payload);
      return noReply(socket);
    },
    shout_binary: (payload, socket) => {
      broadcast(socket, "shout_binary", payload);
      return reply("ok", socket);
    },
    update_meta: async (payload, socket) => {
      await Presence.update(socket, names.presence, socket.assigns.user_id, (meta) => ({
        ...meta,
        ...payload,
      }));
      return reply("ok", {}, socket);
    },
  };
}
