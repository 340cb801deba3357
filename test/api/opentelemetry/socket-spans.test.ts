import { once } from "node:events";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import {
  Channel,
  defineSocket,
  type JoinReturn,
  ok,
  PubSub,
  reply,
  type Socket,
} from "../../../channels/index.ts";
import { GenServer, ok as started, reply as answer } from "../../../runtime/index.ts";
import { served } from "../endpoint/served.ts";
import { RecordedSpans } from "./recorded-spans.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

class Counter extends GenServer<number, "next"> {
  init() {
    return started(0);
  }

  override handleCall() {
    this.state += 1;
    return answer(this.state);
  }
}

class CountChannel extends Channel {
  async join(_topic: string, _payload: unknown, socket: Socket): Promise<JoinReturn> {
    await this.self.call("counter", "next");
    return ok(socket);
  }

  handleIn = {
    next: async (_payload: unknown, socket: Socket) =>
      reply("ok", { count: await this.self.call("counter", "next") }, socket),
    fail: (): never => {
      throw new RangeError("too far");
    },
  };
}

const CountSocket = defineSocket({
  name: "CountSocket",
  channels: [["count:*", CountChannel]],
  connect: (_params, socket) => ok(socket),
});

/** Joins, and sends `events`; resolves when each has an answer. */
async function traced(...events: string[]): Promise<RecordedSpans> {
  const spans = RecordedSpans.start();
  const children = [{ id: "pubsub", start: [PubSub, {}], name: "test.pubsub" } as const];
  const websocket = { connectInfo: ["trace_context_headers"] } as const;
  const sockets = { "/socket": { handler: CountSocket, websocket } };
  const { endpoint, runtime } = await served(() => {}, { sockets, pubsub: "test.pubsub" }, { children });
  await runtime.start(Counter, undefined, { name: "counter" });
  const url = `${endpoint.url.replace("http", "ws")}/socket/websocket?vsn=2.0.0`;
  const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
  const client = new WebSocket(url, { headers });
  onTestFinished(() => client.terminate());
  await once(client, "open");
  for (const event of ["phx_join", ...events]) {
    client.send(JSON.stringify(["1", "1", "count:1", event, {}]));
    await once(client, "message");
  }
  return spans;
}

describe("a socket", () => {
  test("has a span of its connect, in the trace of its client", async () => {
    const spans = await traced();
    const connect = spans.named("CountSocket.connect");
    expect([connect.kind, connect.spanContext().traceId]).toEqual([SpanKind.SERVER, TRACE]);
  });

  test("has spans of its channels' callbacks, in which is what these ask of others", async () => {
    const spans = await traced("next");
    await expect.poll(() => spans.names.filter((name) => name === "Counter.handleCall")).toHaveLength(2);
    await expect.poll(() => spans.names).toContain("CountChannel.handleIn");
    const paths = ["CountChannel.join", "CountChannel.handleIn"].map((name) => {
      const { traceId } = spans.named(name).spanContext();
      return spans.all.filter((span) => span.spanContext().traceId === traceId).map((span) => span.name);
    });
    const asked = ["call Counter", "Counter.handleCall"];
    expect(paths.map((names) => names.toSorted())).toEqual([
      [...asked, "CountChannel.join"].toSorted(),
      [...asked, "CountChannel.handleIn"].toSorted(),
    ]);
    expect(spans.named("CountChannel.handleIn").attributes).toEqual({
      "rookery.channel": "CountChannel",
      "rookery.topic": "count:1",
      "rookery.event": "next",
    });
  });

  test("has a span that failed of a callback that throws", async () => {
    const spans = await traced("fail");
    const { status, attributes } = spans.named("CountChannel.handleIn");
    expect([status.code, attributes["error.type"]]).toEqual([SpanStatusCode.ERROR, "RangeError"]);
  });
});
