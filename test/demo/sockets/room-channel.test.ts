import assert from "node:assert/strict";
import Database from "better-sqlite3";
import { Presence } from "phoenix";
import type { Socket } from "rookery/channels";
import type { PushRef } from "rookery/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answer, nextEvent } from "../../support/phoenix-client.ts";
import { RunningDemo } from "../running-demo.ts";
import { SimulatedDemo, type Visitor } from "../simulated-demo.ts";

let demo: SimulatedDemo;
let ada: Visitor;
let grace: Visitor;

beforeEach(async () => {
  demo = await SimulatedDemo.start();
  [ada, grace] = [await demo.visitor("Ada"), await demo.visitor("Grace")];
});
afterEach(() => demo[Symbol.asyncDispose]());

const enter = ({ socket }: Visitor, topic: string): Promise<Socket> =>
  demo.it.subscribeAndJoinOrThrow(socket, topic);

const say = (room: Socket, body: unknown): PushRef => demo.it.push(room, "message:new", { body });

async function history({ socket }: Visitor, topic: string): Promise<readonly { readonly body: string }[]> {
  const { reply } = await demo.it.join(socket, topic);
  return reply["history"] as { body: string }[];
}

describe("joining room:<id>", () => {
  test("answers the room and its last 50 messages, the oldest first", async () => {
    const { it } = demo;
    const joined = await it.join(ada.socket, "room:2");
    assert.ok(joined.ok);
    assert.deepEqual(joined.reply, { room: { id: 2, name: "Field notes" }, history: [] });
    for (let number = 1; number <= 52; number += 1) {
      await it.assertReply(say(joined.socket, `note ${number}`), "ok");
    }
    const notes = Array.from({ length: 50 }, (_, index) => `note ${index + 3}`);
    assert.deepEqual(
      (await history(grace, "room:2")).map(({ body }) => body),
      notes,
    );
  });

  test("is refused for a room that is not there", async () => {
    for (const topic of ["room:4711", "room:", "room:abc", "room:1.0"]) {
      const refused = { ok: false, reply: { reason: "not_found" } };
      assert.deepEqual(await demo.it.join(ada.socket, topic), refused, topic);
    }
  });
});

describe("message:new", () => {
  test("is on the disk, broadcast to everybody and answered with its id", async () => {
    const { it } = demo;
    const [own, other] = [await enter(ada, "room:1"), await enter(grace, "room:1")];
    const body = "Hello <b>colony</b>\n🐦‍⬛";
    const { id } = await it.assertReply(say(own, body), "ok", { id: expect.any(Number) });

    const database = new Database(demo.databasePath, { readonly: true });
    const saved = database.prepare("select user_id, body, inserted_at from messages where id = ?").get(id);
    database.close();
    const { inserted_at } = saved as { inserted_at: string };
    assert.deepEqual(saved, { user_id: ada.id, body, inserted_at });

    const message = { id, user_id: ada.id, name: "Ada", body, inserted_at };
    for (const room of [own, other]) assert.deepEqual(await it.assertPush(room, "message:new"), message);
    assert.deepEqual(await history(ada, "room:1"), [message]);
  });

  test("takes 4,000 characters", async () => {
    await demo.it.assertReply(say(await enter(ada, "room:1"), "🐦".repeat(4_000)), "ok");
  });

  test("is refused when it is blank, too long or no text, and nobody sees it", async () => {
    const { it } = demo;
    const room = await enter(ada, "room:3");
    const refused: [unknown, string][] = [
      ["", "can't be blank"],
      [" \n\t", "can't be blank"],
      ["what PostgreSQL can't hold: \u0000", "has invalid format"],
      ["x".repeat(4_001), "should be at most 4000 character(s)"],
      [undefined, "is invalid"],
      [7, "is invalid"],
      [{ text: "hello" }, "is invalid"],
    ];
    for (const [body, message] of refused) {
      await it.assertReply(say(room, body), "error", { errors: { body: [message] } });
    }
    await it.refuteBroadcast(room, "message:new");
    assert.deepEqual(await history(grace, "room:3"), []);
  });

  test("stays in its room", async () => {
    const { it } = demo;
    const [here, there] = [await enter(ada, "room:3"), await enter(grace, "room:4")];
    say(here, "here");
    await it.assertPush(here, "message:new", { body: "here" });
    await it.refutePush(there, "message:new");
  });
});

describe("typing", () => {
  test("is told to the others only", async () => {
    const { it } = demo;
    const [own, other] = [await enter(ada, "room:4"), await enter(grace, "room:4")];
    it.push(own, "typing");
    assert.deepEqual(await it.assertPush(other, "typing"), { user_id: ada.id, name: "Ada" });
    await it.refutePush(own, "typing");
  });
});

describe("presence", () => {
  test("has the user's id as its key, and metas with the time in seconds", async () => {
    const { it } = demo;
    const online_at = Math.floor(it.runtime.clock.systemTimeMs() / 1_000);
    const state = await it.assertPush(await enter(ada, "room:3"), "presence_state");
    const metas = [{ online_at, phx_ref: expect.any(String) }];
    expect(state).toEqual({ [ada.id]: { user: { name: "Ada" }, metas } });
  });

  test("is told to who was there before, when somebody comes and when they leave", async () => {
    const { it } = demo;
    const own = await enter(ada, "room:3");
    const other = await enter(grace, "room:3");
    const metas = [{ online_at: expect.any(Number) }];
    const shown = { [grace.id]: { user: { name: "Grace" }, metas } };
    await it.assertPush(own, "presence_diff", { joins: shown, leaves: {} });
    await it.assertReply(it.leave(other), "ok");
    await it.assertPush(own, "presence_diff", { joins: {}, leaves: shown });
  });

  test("shows the official client who is there, a user with two devices once, and who leaves", async () => {
    await using running = await RunningDemo.start();
    const [watcher, user] = await Promise.all([running.signUp("Ada"), running.signUp("Barbara")]);
    const channel = (await running.socket({ token: watcher.token })).channel("room:2");
    const presence = new Presence(channel);
    await answer(channel.join());
    const people = (): string[] =>
      presence
        .list((id, { metas }) => `${id}: ${metas.length}`)
        .filter((line) => line.startsWith(`${user.id}:`));
    const until = (expected: string[]): Promise<void> =>
      new Promise((resolve) => {
        presence.onSync(() => people().join() === expected.join() && resolve());
      });

    let seen = until([`${user.id}: 2`]);
    const devices = await Promise.all([1, 2].map(() => running.socket({ token: user.token })));
    const [first, second] = devices.map((socket) => socket.channel("room:2"));
    await Promise.all([answer(first!.join()), answer(second!.join())]);
    await seen;
    const spoken = nextEvent(channel, "message:new");
    assert.equal((await answer(first!.push("message:new", { body: "hi" }))).status, "ok");
    assert.equal(((await spoken) as { body: string }).body, "hi");
    seen = until([`${user.id}: 1`]);
    first!.leave();
    await seen;
    seen = until([]);
    second!.leave();
    await seen;
  });
});
