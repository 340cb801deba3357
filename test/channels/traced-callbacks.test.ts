import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Runtime } from "../../runtime/index.ts";
import { type TraceableWork, workTracing } from "../../runtime/internal.ts";
import { connectSocket } from "../../channels/connect.ts";
import { Broadcast } from "../../channels/message.ts";
import { v2Json } from "../../channels/serializer/v2-json.ts";
import { roomSocket } from "./room-channel.ts";
import { connect, PUBSUB, startRuntime, type TestConnection } from "./test-connection.ts";

let runtime: Runtime;
let client: TestConnection;
let works: { readonly work: TraceableWork; readonly failed: boolean }[];

beforeEach(async () => {
  works = [];
  workTracing.tracer = {
    around(work, run) {
      try {
        const result = run();
        works.push({ work, failed: false });
        return result;
      } catch (error) {
        works.push({ work, failed: true });
        throw error;
      }
    },
  };
  runtime = await startRuntime();
  client = await connect(runtime, roomSocket);
  await client.ask(["1", "1", "room:plain", "phx_join", {}]);
});

afterEach(async () => {
  workTracing.tracer = undefined;
  await runtime.shutdown();
});

function attributes(event: string): Record<string, string> {
  return { "rookery.channel": "RoomChannel", "rookery.topic": "room:plain", "rookery.event": event };
}

describe("while somebody traces", () => {
  test("the join of a channel is a piece of work for a client", () => {
    expect(works.at(-1)).toEqual({
      work: { kind: "server", name: "RoomChannel.join", attributes: attributes("phx_join") },
      failed: false,
    });
  });

  test("its handleIn is one, whose name does not say what the client has sent", async () => {
    await client.ask(["1", "2", "room:plain", "echo", {}]);
    expect(works.at(-1)).toEqual({
      work: { kind: "server", name: "RoomChannel.handleIn", attributes: attributes("echo") },
      failed: false,
    });
  });

  test("one that throws has failed, and the channel ends as ever", async () => {
    await client.ask(["1", "2", "room:plain", "no such event", {}]);
    expect(works.at(-1)!.failed).toBe(true);
  });

  test("its handleOut is a piece of work of the server itself", async () => {
    const channel = await client.channelPid();
    runtime.send(channel, new Broadcast("room:plain", "intercepted", {}));
    await client.rest();
    expect(works.at(-1)).toEqual({
      work: { kind: "internal", name: "RoomChannel.handleOut", attributes: attributes("intercepted") },
      failed: false,
    });
  });

  test("the connect of a socket is one, in the trace of its client if the mount wants to know of it", async () => {
    const context = {
      handler: roomSocket,
      transport: "websocket",
      runtime,
      pubsub: PUBSUB,
      serializers: [v2Json],
    };
    const info = { trace_context_headers: [["traceparent", "00-1-2-01"]] } as const;
    await connectSocket(context, { vsn: "2.0.0" }, info);
    const { work } = works.at(-1)!;
    expect([work.kind, work.name]).toEqual(["server", `${roomSocket.name}.connect`]);
    expect(work.attributes).toEqual({
      "rookery.socket": roomSocket.name,
      "rookery.transport": "websocket",
    });
    expect([...work.headers!]).toEqual([["traceparent", "00-1-2-01"]]);
  });
});
