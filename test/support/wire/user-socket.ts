import { defineSocket, error, ok, type SocketDefinition } from "rookery/channels";
import { BenchChannel } from "./bench-channel.ts";
import { RealtimeChannel } from "./realtime-channel.ts";
import { RoomChannel } from "./room-channel.ts";

export const userSocket: SocketDefinition = defineSocket<{ readonly user_id: string }>({
  channels: [
    ["room:*", RoomChannel],
    ["bench:*", BenchChannel],
    ["realtime:*", RealtimeChannel],
  ],
  connect({ token, user_id = "anon" }, socket) {
    if (token === "refuse") return error();
    if (token === "reason") return error("unauthorized");
    if (token === "raise") throw new Error("raised in connect");
    return ok(socket.assign({ user_id: String(user_id) }));
  },
  id: ({ assigns }) => `user_socket:${assigns.user_id}`,
});
