import type { Pid } from "../runtime/index.ts";
import { isAtRest, type Process, residentOf } from "../runtime/internal.ts";
import type { EncodedFrame } from "./encoded-frame.ts";
import { Broadcast } from "./message.ts";
import { type Dispatcher, plainDispatcher, type Sender, type Subscription } from "./pubsub/dispatcher.ts";
import { lastRead, READ_AHEAD_COUNT } from "./read-ahead.ts";
import { LogTap, Tapped } from "./resume/log-tap.ts";
import type { Serializer } from "./serializer/serializer.ts";
import type { Connection } from "./socket.ts";
import type { Peer } from "./transport/peer.ts";

/** The metadata with which a channel subscribes to its topic: how broadcasts reach its client without it. */
export class Fastlane {
  readonly transportPid: Pid;
  readonly serializer: Serializer;
  /** The events that don't go straight to the transport. */
  readonly intercepts: ReadonlySet<string> | undefined;
  /** Those of them that reach the client by way of a log, and not from here. */
  readonly logged: ReadonlySet<string> | undefined;
  readonly #transport: Process | undefined;
  readonly #peer: Peer | undefined;

  constructor(
    { transportPid, serializer, peer }: Pick<Connection, "transportPid" | "serializer" | "peer">,
    intercepts: ReadonlySet<string> | undefined,
    logged?: ReadonlySet<string>,
  ) {
    this.transportPid = transportPid!;
    this.serializer = serializer;
    this.intercepts = intercepts;
    this.logged = logged;
    this.#transport = residentOf(transportPid!);
    this.#peer = peer;
  }

  /**
   * Sends the frame to the transport process. One that is at rest would take it next, and do no more than hand it to its peer: that is done here, and
   * it has no turn for it.
   */
  carry(frame: EncodedFrame, sender: Sender): void {
    const transport = this.#transport;
    if (transport !== undefined && isAtRest(transport) && this.#peer?.append?.(frame) === true)
      transport.shard.scheduler.sends += 1;
    else sender.send(this.transportPid, frame);
  }

  /** See `READ_AHEAD_COUNT`. */
  static readAhead(rows: readonly Subscription[], from: number): void {
    const end = Math.min(from + READ_AHEAD_COUNT, rows.length);
    let sum = 0;
    for (let index = from; index < end; index += 1) {
      const { metadata } = rows[index]!;
      if (!(metadata instanceof Fastlane)) continue;
      const transport = metadata.#transport;
      const peer = metadata.#peer;
      if (transport !== undefined && peer !== undefined)
        sum += transport.suspensions + (peer.isTapped === true ? 1 : 0);
    }
    lastRead.sum = sum;
  }
}

/**
 * Takes a Broadcast to the subscribers of its topic: encoded once for each serializer and straight to the transports of those
 * that left a Fastlane, unless they intercept the event; as it is to everybody else. `Phoenix.Channel.Server.dispatch/3`.
 */
export const fastlaneDispatcher: Dispatcher = {
  dispatch(rows, from, message, sender) {
    if (!(message instanceof Broadcast)) {
      plainDispatcher.dispatch(rows, from, message, sender);
      return;
    }
    // Nearly always there is one serializer, and its frame is at hand.
    let serializer: Serializer | undefined;
    let frame: EncodedFrame | undefined;
    let others: Map<Serializer, EncodedFrame> | undefined;
    for (let index = 0; index < rows.length; index += 1) {
      if (index % READ_AHEAD_COUNT === 0) Fastlane.readAhead(rows, index);
      const { pid, metadata } = rows[index]!;
      if (pid === from) continue;
      if (!(metadata instanceof Fastlane) || metadata.intercepts?.has(message.event) === true) {
        if (metadata instanceof LogTap) {
          if (metadata.events.has(message.event)) sender.send(pid, new Tapped(message, from));
        } else if (!(metadata instanceof Fastlane && metadata.logged?.has(message.event) === true)) {
          sender.send(pid, message);
        }
        continue;
      }
      if (frame === undefined || metadata.serializer !== serializer) {
        if (frame !== undefined) (others ??= new Map()).set(serializer!, frame);
        serializer = metadata.serializer;
        frame = others?.get(serializer) ?? encodedBroadcast(serializer, message);
      }
      if (frame !== undefined) metadata.carry(frame, sender);
    }
  },
};

function encodedBroadcast(serializer: Serializer, message: Broadcast): EncodedFrame | undefined {
  const frame = serializer.encodeBroadcast(message);
  if (frame !== undefined) frame.message = message;
  return frame;
}
