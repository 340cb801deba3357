import assert from "node:assert/strict";
import Database from "better-sqlite3";
import { type Channel, Presence } from "phoenix";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Answer, answer, nextEvent } from "../../support/phoenix-client.ts";
import { RunningDemo, type SignedIn } from "../running-demo.ts";

interface Message {
  readonly id: number;
  readonly body: string;
}

interface Joined {
  readonly room: { readonly id: number; readonly name: string };
  readonly history: readonly Message[];
}

let demo: RunningDemo;
let ada: SignedIn;
let grace: SignedIn;

beforeAll(async () => {
  demo = await RunningDemo.start();
  [ada, grace] = await Promise.all([demo.signUp("Ada"), demo.signUp("Grace")]);
});
afterAll(() => demo[Symbol.asyncDispose]());

async function channelOf(user: SignedIn, topic: string): Promise<Channel> {
  return (await demo.socket({ token: user.token })).channel(topic);
}

async function join(user: SignedIn, topic: string): Promise<{ channel: Channel; reply: Joined }> {
  const channel = await channelOf(user, topic);
  const { status, response } = await answer(channel.join());
  assert.equal(status, "ok");
  return { channel, reply: response as Joined };
}

const say = (channel: Channel, body: unknown): Promise<Answer> =>
  answer(channel.push("message:new", { body }));

describe("joining room:<id>", () => {
  test("answers the room and its last 50 messages, the oldest first", async () => {
    const { channel, reply } = await join(ada, "room:2");
    assert.deepEqual(reply, { room: { id: 2, name: "Field notes" }, history: [] });
    for (let number = 1; number <= 52; number += 1) await say(channel, `note ${number}`);

    const { history } = (await join(grace, "room:2")).reply;
    const notes = Array.from({ length: 50 }, (_, index) => `note ${index + 3}`);
    assert.deepEqual(
      history.map(({ body }) => body),
      notes,
    );
  });

  test("is refused for a room that is not there", async () => {
    for (const topic of ["room:4711", "room:", "room:abc", "room:1.0"]) {
      const channel = await channelOf(ada, topic);
      assert.deepEqual(
        await answer(channel.join()),
        { status: "error", response: { reason: "not_found" } },
        topic,
      );
      channel.leave();
    }
  });
});

describe("message:new", () => {
  test("is on the disk, broadcast to everybody and answered with its id", async () => {
    const [own, other] = [await join(ada, "room:1"), await join(grace, "room:1")];
    const broadcasts = Promise.all([own, other].map(({ channel }) => nextEvent(channel, "message:new")));
    const { status, response } = await say(own.channel, "Hello <b>colony</b>\n🐦‍⬛");
    const { id } = response as { id: number };
    assert.deepEqual({ status, response }, { status: "ok", response: { id } });

    const database = new Database(demo.databasePath, { readonly: true });
    const saved = database.prepare("select user_id, body, inserted_at from messages where id = ?").get(id);
    database.close();
    const { inserted_at } = saved as { inserted_at: string };
    assert.deepEqual(saved, { user_id: ada.id, body: "Hello <b>colony</b>\n🐦‍⬛", inserted_at });

    const message = { id, user_id: ada.id, name: "Ada", body: "Hello <b>colony</b>\n🐦‍⬛", inserted_at };
    assert.deepEqual(await broadcasts, [message, message]);
    assert.deepEqual((await join(ada, "room:1")).reply.history.at(-1), message);
  });

  test("takes 4,000 characters", async () => {
    const { channel } = await join(ada, "room:1");
    assert.equal((await say(channel, "🐦".repeat(4_000))).status, "ok");
  });

  test("is refused when it is blank, too long or no text, and nobody sees it", async () => {
    const { channel } = await join(ada, "room:3");
    const refused: [unknown, string][] = [
      ["", "can't be blank"],
      [" \n\t", "can't be blank"],
      [undefined, "can't be blank"],
      ["x".repeat(4_001), "should be at most 4000 character(s)"],
      [7, "is invalid"],
      [{ text: "hello" }, "is invalid"],
    ];
    for (const [body, message] of refused) {
      assert.deepEqual(await say(channel, body), {
        status: "error",
        response: { errors: { body: [message] } },
      });
    }
    assert.deepEqual((await join(grace, "room:3")).reply.history, []);
  });

  test("stays in its room", async () => {
    const [here, there] = [await join(ada, "room:3"), await join(grace, "room:4")];
    const next = nextEvent(there.channel, "message:new") as Promise<Message>;
    await say(here.channel, "here");
    await say(there.channel, "there");
    assert.equal((await next).body, "there");
  });
});

describe("typing", () => {
  test("is told to the others only", async () => {
    const [own, other] = [await join(ada, "room:4"), await join(grace, "room:4")];
    const heard: unknown[] = [];
    own.channel.on("typing", (payload) => heard.push(payload));
    const typing = nextEvent(other.channel, "typing");
    own.channel.push("typing", {});
    assert.deepEqual(await typing, { user_id: ada.id, name: "Ada" });
    // What comes after it has come, so it would have, too.
    await say(own.channel, "done");
    assert.deepEqual(heard, []);
  });
});

describe("presence", () => {
  test("shows who is there, a user with two devices once, and who leaves", async () => {
    const user = await demo.signUp("Barbara");
    const channel = await channelOf(ada, "room:2");
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
    const first = await join(user, "room:2");
    const second = await join(user, "room:2");
    await seen;
    seen = until([`${user.id}: 1`]);
    first.channel.leave();
    await seen;
    seen = until([]);
    second.channel.leave();
    await seen;
  });

  test("has the user's id as its key, and metas with the time in seconds", async () => {
    const user = await demo.signUp("Edith");
    const channel = await channelOf(user, "room:3");
    const state = nextEvent(channel, "presence_state") as Promise<
      Record<string, { user: object; metas: { online_at: number; phx_ref: string }[] }>
    >;
    await answer(channel.join());
    const { user: shown, metas } = (await state)[String(user.id)]!;
    assert.deepEqual(shown, { name: "Edith" });
    const [{ online_at, phx_ref }] = metas as [{ online_at: number; phx_ref: string }];
    assert.deepEqual(metas, [{ online_at, phx_ref }]);
    assert.ok(Number.isInteger(online_at) && online_at > 1_700_000_000 && online_at < 17_000_000_000);
  });
});
