import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { jsonResponse } from "rookery/api/testing";
import { data, demoCase } from "../demo-case.ts";

interface Page {
  readonly data: { readonly id: number; readonly body: string }[];
  readonly meta: { readonly next: string | null };
}

describe("GET /api/v1/rooms", () => {
  test("answers the rooms to users", async () => {
    const { conn, signIn } = await demoCase();
    const rooms = data<object[]>(await (await signIn()).conn.get("/api/v1/rooms"));
    assert.ok(rooms.length > 1);
    assert.deepEqual(rooms[0], { id: 1, name: "General" });
    assert.equal((await conn.get("/api/v1/rooms")).status, 401);
  });
});

describe("GET /api/v1/rooms/:id/messages", () => {
  test("answers the newest first, and older ones after the cursor, also while more are said", async () => {
    const { chat, signIn } = await demoCase();
    const ada = await signIn();
    const page = async (params: object): Promise<Page> =>
      jsonResponse<Page>(await ada.conn.get("/api/v1/rooms/1/messages", { limit: 2, ...params }), 200);
    for (const body of ["one", "two", "three", "four", "five"]) await chat.say(1, ada, { body });
    const first = await page({});
    await chat.say(1, ada, { body: "six" });
    const second = await page({ after: first.meta.next });
    const third = await page({ after: second.meta.next });
    const bodies = [first, second, third].map((each) => each.data.map(({ body }) => body));
    assert.deepEqual(bodies, [["five", "four"], ["three", "two"], ["one"]]);
    assert.equal(third.meta.next, null);
    assert.deepEqual(Object.keys(first.data[0]!), ["id", "user_id", "name", "body", "inserted_at"]);
  });

  test("answers 404 for a room that is not there, or no id, and 401 to nobody", async () => {
    const { conn, signIn } = await demoCase();
    const ada = await signIn();
    for (const id of ["4711", "abc", "0"]) {
      const missing = await ada.conn.get(`/api/v1/rooms/${id}/messages`);
      assert.deepEqual(jsonResponse(missing, 404), { errors: { detail: "Not Found" } });
    }
    assert.equal((await conn.get("/api/v1/rooms/1/messages")).status, 401);
  });

  test("answers 422 for a limit out of bounds", async () => {
    const { conn } = await (await demoCase()).signIn();
    const refused = await conn.get("/api/v1/rooms/1/messages", { limit: 101 });
    assert.deepEqual(jsonResponse(refused, 422), {
      errors: { limit: ["must be a whole number from 1 to 100"] },
    });
  });
});
