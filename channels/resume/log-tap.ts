import type { Pid } from "../../runtime/index.ts";
import type { Broadcast } from "../message.ts";

/** The metadata with which a TopicLog subscribes to a topic: which events of it are logged. */
export class LogTap {
  readonly events: ReadonlySet<string>;

  constructor(events: ReadonlySet<string>) {
    this.events = events;
  }
}

/** To a TopicLog: what was broadcast in a topic that it has tapped, and which channel is not to get it. */
export class Tapped {
  readonly broadcast: Broadcast;
  readonly from: Pid | undefined;

  constructor(broadcast: Broadcast, from: Pid | undefined) {
    this.broadcast = broadcast;
    this.from = from;
  }
}
