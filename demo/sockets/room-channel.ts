import { traverseErrors } from "rookery/api";
import {
  broadcast,
  broadcastFrom,
  type ChannelClass,
  defineChannel,
  defineContract,
  error,
  noReply,
  ok,
  push,
  reply,
} from "rookery/channels";
import { z } from "zod";
import type { Chat } from "../chat/chat.ts";
import { recordId } from "../record-id.ts";
import { RoomPresence } from "./room-presence.ts";
import type { UserAssigns } from "./user-socket.ts";

const room = z.object({ id: z.int(), name: z.string() });
const message = z.object({
  id: z.int(),
  user_id: z.int(),
  name: z.string(),
  body: z.string(),
  inserted_at: z.string(),
});

const roomContract = defineContract({
  join: {
    reply: z.object({ room, history: z.array(message).readonly() }),
    error: z.object({ reason: z.literal("not_found") }),
  },
  in: {
    "message:new": {
      payload: z.object({ body: z.string("is invalid") }),
      reply: z.object({ id: z.int() }),
      error: z.object({ errors: z.record(z.string(), z.array(z.string()).readonly()) }),
    },
    typing: {},
  },
  out: { "message:new": message, typing: z.object({ user_id: z.int(), name: z.string() }) },
  presence: z.object({ online_at: z.int() }),
});

interface RoomTypes {
  readonly assigns: UserAssigns & {
    readonly chat: Chat;
    readonly presence: string;
    readonly roomId: number;
  };
  readonly info: "after_join";
}

/** One window of one user in a room. */
export const RoomChannel: ChannelClass = defineChannel<typeof roomContract, RoomTypes>(roomContract, {
  name: "RoomChannel",
  async join(topic, _params, socket) {
    const { chat } = socket.assigns;
    const id = recordId(topic.slice("room:".length));
    const found = id === undefined ? undefined : await chat.room(id);
    if (found === undefined) return error({ reason: "not_found" });
    this.self.send(this.self.pid, "after_join");
    return ok({ room: found, history: await chat.history(found.id) }, socket.assign({ roomId: found.id }));
  },
  async handleInfo(_message, socket) {
    const { presence, userId } = socket.assigns;
    const online_at = Math.floor(this.self.runtime.clock.systemTimeMs() / 1_000);
    await RoomPresence.track(socket, presence, userId, { online_at });
    push(socket, "presence_state", await RoomPresence.list(this.self, presence, socket.topic));
    return noReply(socket);
  },
  handleIn: {
    async "message:new"(payload, socket) {
      const { chat, roomId, userId, userName } = socket.assigns;
      const result = await chat.say(roomId, { id: userId, name: userName }, payload);
      if (!result.ok)
        return reply("error", { errors: traverseErrors(result.error) as Record<string, string[]> }, socket);
      broadcast(socket, "message:new", result.message);
      return reply("ok", { id: result.message.id }, socket);
    },
    typing(_payload, socket) {
      const { userId, userName } = socket.assigns;
      broadcastFrom(socket, "typing", { user_id: userId, name: userName });
      return noReply(socket);
    },
  },
});
