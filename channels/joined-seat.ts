import { channelsError } from "./errors.ts";
import type { AnySocket, ChannelSeat } from "./socket.ts";

/** The channel of a socket that has joined. Throws ROOKERY_CHANNEL_NOT_JOINED for one that has not. */
export function joinedSeat({ joined, seat }: AnySocket): ChannelSeat {
  if (!joined || seat === undefined) throw channelsError("ROOKERY_CHANNEL_NOT_JOINED");
  return seat;
}
