import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { Presence, type Socket } from "phoenix";
import { afterAll, beforeAll, describe, test } from "vitest";
import { z } from "zod";
import { typedChannel, typedPresence } from "../../../channels/client/typed-channel.ts";
import {
  broadcast,
  defineChannel,
  defineContract,
  defineSocket,
  ok,
  reply,
} from "../../../channels/index.ts";
import { connected } from "../../support/phoenix-client.ts";
import { TestServer } from "../websocket-server.ts";

const contract = defineContract({
  join: { params: z.object({ name: z.string() }), reply: z.object({ welcome: z.string() }) },
  in: { say: { payload: z.object({ body: z.string() }), reply: z.object({ length: z.number() }) } },
  out: { said: z.object({ body: z.string() }) },
});
type RoomContract = typeof contract;

const socket = defineSocket({
  channels: [
    [
      "room:*",
      defineChannel(contract, {
        join: (_topic, { name }, it) => ok({ welcome: name }, it),
        handleIn: {
          say({ body }, it) {
            broadcast(it, "said", { body });
            return reply("ok", { length: body.length }, it);
          },
        },
      }),
    ],
  ],
  connect: (_params, it) => ok(it),
});

let server: TestServer;
let client: Socket;

beforeAll(async () => {
  server = await TestServer.start({}, socket);
  client = await connected(`ws://127.0.0.1:${server.port}/socket`);
});
afterAll(async () => {
  client.disconnect();
  await server[Symbol.asyncDispose]();
});

describe("typedChannel", () => {
  test("is a channel of the official client, with the types of the contract", async () => {
    const room = typedChannel<RoomContract>(client, "room:1", { name: "Ada" });
    const welcome = await new Promise<string>((resolve) => {
      room.join().receive("ok", (answer) => resolve(answer.welcome));
    });
    assert.equal(welcome, "Ada");

    const said = new Promise<string>((resolve) => room.on("said", ({ body }) => resolve(body)));
    const length = await new Promise<number>((resolve) => {
      room.push("say", { body: "hi" }).receive("ok", (answer) => resolve(answer.length));
    });
    assert.deepEqual([await said, length], ["hi", 2]);
  });

  test("is told which field does not fit, wherever its payload is from", async () => {
    const room = typedChannel<RoomContract>(client, "room:2", { name: "Ada" });
    room.join();
    const payload = JSON.parse('{ "body": 7 }') as { body: string };
    const fields = await new Promise<string[]>((resolve) => {
      room.push("say", payload).receive("error", (refusal) => {
        if (refusal.reason === "invalid payload") resolve(Object.keys(refusal.errors));
      });
    });
    assert.deepEqual(fields, ["body"]);
  });

  test("takes a channel that is there already, as it is, and so for a presence", () => {
    const channel = client.channel("room:3", { name: "Ada" });
    assert.equal(typedChannel<RoomContract>(channel), channel);
    const presence = new Presence(channel);
    assert.equal(typedPresence<RoomContract>(presence), presence);
  });

  test("loads nothing of the server", () => {
    const file = new URL("../../../channels/client/typed-channel.ts", import.meta.url);
    const code = stripTypeScriptTypes(readFileSync(file, "utf8")).replaceAll(/\/\*[^]*?\*\//g, "");
    assert.match(code, /export function typedChannel/);
    assert.doesNotMatch(code, /\bimport\b/);
  });
});
