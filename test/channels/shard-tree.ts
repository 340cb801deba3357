import { Broadcast } from "../../channels/message.ts";
import { Presence } from "../../channels/presence/presence.ts";
import { PubSub } from "../../channels/pubsub/pubsub.ts";
import {
  type CallResult,
  type CastResult,
  GenServer,
  type InitResult,
  noReply,
  type Ok,
  ok,
  reply,
} from "../../runtime/index.ts";
import { ModuleSupervisor, type Supervisor } from "../../supervisors/index.ts";

export const PUBSUB = "tree.pubsub";
export const PRESENCE = "tree.presence";

/** What every shard needs for channels. */
export class ShardTree extends ModuleSupervisor<Record<string, never>> {
  static override readonly module: string = import.meta.url;

  override init(): Promise<InitResult<Supervisor["state"]>> {
    return super.init({
      strategy: "one_for_one",
      children: [
        { id: "pubsub", start: [PubSub], name: PUBSUB, nameScope: "shard" },
        { id: "presence", start: [Presence, { pubsub: PUBSUB }], name: PRESENCE, nameScope: "shard" },
      ],
    });
  }
}

interface Heard {
  readonly topic: string;
  readonly heard: unknown[];
}

type Request = "heard" | "listed" | readonly ["track", key: string];

/** Subscribes to a topic, keeps what it hears there besides diffs, and can be tracked: from whichever shard it runs on. */
export class FarListener extends GenServer<Heard, Request, readonly ["broadcast", unknown] | "end thread"> {
  static override readonly module: string = import.meta.url;

  init(topic: string): Ok<Heard> {
    PubSub.subscribe(this.self, PUBSUB, topic);
    return ok({ topic, heard: [] });
  }

  override async handleCall(request: Request): Promise<CallResult> {
    const { topic, heard } = this.state;
    if (request === "heard") return reply([...heard]);
    if (request === "listed") return reply(Object.keys(Presence.list(this.self, PRESENCE, topic)).toSorted());
    return reply(await Presence.track(this.self, PRESENCE, this.self.pid, topic, request[1], {}));
  }

  override handleCast(request: readonly ["broadcast", unknown] | "end thread"): CastResult {
    if (request === "end thread") process.exit(1);
    PubSub.broadcast(this.self, PUBSUB, this.state.topic, request[1]);
    return noReply();
  }

  override handleInfo(message: unknown): CastResult {
    if (!(message instanceof Broadcast)) this.state.heard.push(message);
    return noReply();
  }
}
