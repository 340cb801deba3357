import type { Channel as ClientChannel } from "phoenix";
import { onTestFinished } from "vitest";
import type { DashboardOptions } from "../../../api/dashboard/dashboard-options.ts";
import { defineEndpoint } from "../../../api/endpoint/endpoint.ts";
import { defineRouter } from "../../../api/router/router.ts";
import {
  Channel,
  type ChannelSocket,
  defineSocket,
  type HandleInReturn,
  type JoinReturn,
  ok,
  PubSub,
  reply,
} from "../../../channels/index.ts";
import { Runtime } from "../../../runtime/index.ts";
import { CapturedLog } from "../../../runtime/testing.ts";
import { answer, connected } from "../../support/phoenix-client.ts";

export const TOKEN = "a token that only the tests know";

type Contract = Record<never, never>;

class EchoChannel extends Channel {
  join(_topic: string, _payload: unknown, socket: ChannelSocket<Contract>): JoinReturn {
    return ok(socket);
  }

  handleIn(_event: string, payload: unknown, socket: ChannelSocket<Contract>): HandleInReturn {
    return reply("ok", payload, socket);
  }
}

/** A joined channel of the official client. */
export class Page {
  readonly channel: ClientChannel;

  constructor(channel: ClientChannel) {
    this.channel = channel;
  }

  /** What the server answers; rejects if that is no `ok`. */
  async ask<Answer>(event: string, payload: object = {}): Promise<Answer> {
    const { status, response } = await answer(this.channel.push(event, payload));
    if (status !== "ok") throw new Error(`${status} ${JSON.stringify(response)}`);
    return response as Answer;
  }
}

/** An endpoint with a dashboard, and a socket of its own besides. */
export class Observed {
  readonly runtime: Runtime;
  readonly log: CapturedLog;
  readonly url: string;

  constructor(runtime: Runtime, log: CapturedLog, url: string) {
    this.runtime = runtime;
    this.log = log;
    this.url = url;
  }

  session(token: unknown = TOKEN): Promise<Response> {
    return fetch(`${this.url}/dashboard/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
  }

  /** A page that has shown the token and joined. */
  async page(): Promise<Page> {
    const { session } = (await (await this.session()).json()) as { session: string };
    return this.#joined("/dashboard/socket", "dashboard", session);
  }

  /** A client in a room of the application. */
  client(topic: string): Promise<Page> {
    return this.#joined("/socket", topic);
  }

  async #joined(path: string, topic: string, session?: string): Promise<Page> {
    const socket = await connected(`${this.url.replace("http", "ws")}${path}`, {}, session);
    onTestFinished(() => socket.disconnect());
    const channel = socket.channel(topic, {});
    const { status } = await answer(channel.join());
    if (status !== "ok") throw new Error(status);
    return new Page(channel);
  }
}

/** Looks until it holds. */
export async function eventually<Value>(
  look: () => Promise<Value>,
  holds: (value: Value) => boolean,
): Promise<Value> {
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
  }
}

/** Starts it for the time of one test. */
export async function observed(
  shards: number = 1,
  dashboard: Partial<DashboardOptions> | false = {},
): Promise<Observed> {
  const log = new CapturedLog();
  const runtime = await Runtime.start({ logger: log, shards });
  onTestFinished(() => runtime.shutdown());
  await runtime.start(PubSub, {}, { name: "test.pubsub", nameScope: "shard" });
  const handler = defineSocket({
    name: "EchoSocket",
    channels: [["room:*", EchoChannel]],
    connect: (_params, socket) => ok(socket),
    id: () => "user:7",
  });
  const definition = defineEndpoint({
    router: defineRouter(() => []),
    pubsub: "test.pubsub",
    sockets: { "/socket": { handler } },
    dashboard: dashboard === false ? false : { token: TOKEN, ...dashboard },
  });
  const { endpoint } = await definition.start(runtime, { port: 0 });
  return new Observed(runtime, log, endpoint.url);
}
