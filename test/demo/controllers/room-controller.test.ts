import assert from "node:assert/strict";
import type { Channel } from "phoenix";
import { afterAll, beforeAll, describe, test } from "vitest";
import { answer } from "../../support/phoenix-client.ts";
import { RunningDemo, type SignedIn } from "../running-demo.ts";

interface Page {
  readonly data: { readonly id: number; readonly body: string }[];
  readonly meta: { readonly next: string | null };
}

let demo: RunningDemo;
let ada: SignedIn;
let room: Channel;

beforeAll(async () => {
  demo = await RunningDemo.start();
  ada = await demo.signUp("Ada");
  room = (await demo.socket({ token: ada.token })).channel("room:1");
  await answer(room.join());
});
afterAll(() => demo[Symbol.asyncDispose]());

describe("GET /api/v1/rooms", () => {
  test("answers the rooms to users", async () => {
    const rooms = await demo.data<object[]>(demo.get("/api/v1/rooms", ada.token));
    assert.ok(rooms.length > 1);
    assert.deepEqual(rooms[0], { id: 1, name: "General" });
    assert.equal((await demo.get("/api/v1/rooms")).status, 401);
  });
});

describe("GET /api/v1/rooms/:id/messages", () => {
  const get = async (query: string): Promise<Page> =>
    (await demo.get(`/api/v1/rooms/1/messages?${query}`, ada.token)).json as Page;

  test("answers the newest first, and older ones after the cursor, also while more are said", async () => {
    for (const body of ["one", "two", "three", "four", "five"])
      await answer(room.push("message:new", { body }));
    const first = await get("limit=2");
    await answer(room.push("message:new", { body: "six" }));
    const second = await get(`limit=2&after=${first.meta.next}`);
    const third = await get(`limit=2&after=${second.meta.next}`);
    const bodies = [first, second, third].map(({ data }) => data.map(({ body }) => body));
    assert.deepEqual(bodies, [["five", "four"], ["three", "two"], ["one"]]);
    assert.equal(third.meta.next, null);
    assert.deepEqual(Object.keys(first.data[0]!), ["id", "user_id", "name", "body", "inserted_at"]);
  });

  test("answers 404 for a room that is not there, or no id, and 401 to nobody", async () => {
    for (const id of ["4711", "abc", "0"]) {
      const { status, json } = await demo.get(`/api/v1/rooms/${id}/messages`, ada.token);
      assert.equal(status, 404, id);
      assert.deepEqual(json, { errors: { detail: "Not Found" } });
    }
    assert.equal((await demo.get("/api/v1/rooms/1/messages")).status, 401);
  });

  test("answers 422 for a limit out of bounds", async () => {
    const { status, json } = await demo.get("/api/v1/rooms/1/messages?limit=101", ada.token);
    assert.equal(status, 422);
    assert.deepEqual(json, { errors: { limit: ["must be a whole number from 1 to 100"] } });
  });
});
