import type { Pid } from "../runtime/index.ts";
import type { EncodedFrame } from "./encoded-frame.ts";
import { Broadcast } from "./message.ts";
import { type Dispatcher, plainDispatcher } from "./pubsub/dispatcher.ts";
import { LogTap, Tapped } from "./resume/log-tap.ts";
import type { Serializer } from "./serializer/serializer.ts";

/** The metadata with which a channel subscribes to its topic: how broadcasts reach its client without it. */
export class Fastlane {
  readonly transportPid: Pid;
  readonly serializer: Serializer;
  /** The events that don't go straight to the transport. */
  readonly intercepts: ReadonlySet<string> | undefined;
  /** Those of them that reach the client by way of a log, and not from here. */
  readonly logged: ReadonlySet<string> | undefined;

  constructor(
    transportPid: Pid,
    serializer: Serializer,
    intercepts: ReadonlySet<string> | undefined,
    logged?: ReadonlySet<string>,
  ) {
    this.transportPid = transportPid;
    this.serializer = serializer;
    this.intercepts = intercepts;
    this.logged = logged;
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
      if (frame !== undefined) sender.send(metadata.transportPid, frame);
    }
  },
};

function encodedBroadcast(serializer: Serializer, message: Broadcast): EncodedFrame | undefined {
  const frame = serializer.encodeBroadcast(message);
  if (frame !== undefined) frame.message = message;
  return frame;
}
