import { traverseErrors } from "rookery/api";
import {
  broadcast,
  broadcastFrom,
  Channel,
  type ChannelSocket,
  error,
  type HandleInMap,
  type HandleInReturn,
  type HandleReturn,
  type JoinReturn,
  noReply,
  ok,
  push,
  reply,
} from "rookery/channels";
import type { Chat } from "../chat/chat.ts";
import { recordId } from "../record-id.ts";
import { RoomPresence } from "./room-presence.ts";
import type { UserAssigns } from "./user-socket.ts";

interface RoomContract {
  readonly assigns: UserAssigns & {
    readonly chat: Chat;
    readonly presence: string;
    readonly roomId: number;
  };
  readonly in: { readonly "message:new": unknown; readonly typing: unknown };
  readonly info: "after_join";
}

type RoomSocket = ChannelSocket<RoomContract>;

/** One window of one user in a room. */
export class RoomChannel extends Channel<RoomContract> {
  override async join(topic: string, _payload: unknown, socket: RoomSocket): Promise<JoinReturn> {
    const { chat } = socket.assigns;
    const id = recordId(topic.slice("room:".length));
    const room = id === undefined ? undefined : await chat.room(id);
    if (room === undefined) return error({ reason: "not_found" });
    this.self.send(this.self.pid, "after_join");
    return ok({ room, history: await chat.history(room.id) }, socket.assign({ roomId: room.id }));
  }

  override async handleInfo(_message: "after_join", socket: RoomSocket): Promise<HandleReturn> {
    const { presence, userId } = socket.assigns;
    const online_at = Math.floor(this.self.runtime.clock.systemTimeMs() / 1_000);
    await RoomPresence.track(socket, presence, userId, { online_at });
    push(socket, "presence_state", await RoomPresence.list(this.self, presence, socket.topic));
    return noReply(socket);
  }

  readonly handleIn: HandleInMap<RoomContract> = {
    "message:new": async (payload, socket): Promise<HandleInReturn> => {
      const { chat, roomId, userId, userName } = socket.assigns;
      const result = await chat.say(roomId, { id: userId, name: userName }, payload);
      if (!result.ok) return reply("error", { errors: traverseErrors(result.error) }, socket);
      broadcast(socket, "message:new", result.message);
      return reply("ok", { id: result.message.id }, socket);
    },
    typing: (_payload, socket): HandleInReturn => {
      const { userId, userName } = socket.assigns;
      broadcastFrom(socket, "typing", { user_id: userId, name: userName });
      return noReply(socket);
    },
  };
}
