import { defineSocket, error, ok, type SocketDefinition } from "rookery/channels";
import type { Accounts } from "../accounts/accounts.ts";
import type { Chat } from "../chat/chat.ts";
import type { Orders } from "../orders/orders.ts";
import { OrdersChannel } from "./orders-channel.ts";
import { RoomChannel } from "./room-channel.ts";

export interface UserSocketOptions {
  readonly accounts: Accounts;
  readonly chat: Chat;
  readonly orders: Orders;
  /** The name of the process that knows who is in which room. */
  readonly presence: string;
}

/** Who a socket belongs to. */
export interface UserAssigns {
  readonly userId: number;
  readonly userName: string;
}

/** The sockets of users, who show the token of their session. */
export function userSocket({ accounts, chat, orders, presence }: UserSocketOptions): SocketDefinition {
  return defineSocket<UserAssigns>({
    channels: [
      ["room:*", RoomChannel, { assigns: { chat, presence } }],
      ["orders:*", OrdersChannel, { assigns: { orders } }],
    ],
    async connect({ token }, socket) {
      const user = await accounts.userOfToken(token);
      return user === undefined ? error() : ok(socket.assign({ userId: user.id, userName: user.name }));
    },
    id: ({ assigns }) => `user_socket:${assigns.userId}`,
  });
}
