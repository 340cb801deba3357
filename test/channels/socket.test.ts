import { assert, describe, expect, test } from "vitest";
import type { Pid } from "../../runtime/index.ts";
import { Socket } from "../../channels/socket.ts";
import type { Connection } from "../../channels/socket.ts";

const connection = { id: "user:1", pubsub: "demo.pubsub", transport: "websocket" } as Connection;
const socket: Socket = new Socket(connection, undefined, Object.freeze({ kept: true }));

describe("Socket.assign", () => {
  test("answers another socket with one more assign and leaves the old one as it was", () => {
    const assigned = socket.assign("userId", 7);
    assert.deepEqual(assigned.assigns, { kept: true, userId: 7 });
    assert.deepEqual(socket.assigns, { kept: true });
    assert.equal(assigned.id, "user:1");
  });

  test("takes several, and a function of the present ones", () => {
    assert.deepEqual(socket.assign({ a: 1, kept: false }).assigns, { kept: false, a: 1 });
    assert.deepEqual(socket.assign(({ kept }) => ({ not: !kept })).assigns, { kept: true, not: false });
  });

  test("keeps what a callback must return it with", () => {
    const handling = new Socket(connection, undefined, { n: 1 }, "7", true).assign("n", 2);
    assert.deepEqual([handling.ref, handling.joined, handling.assigns], ["7", true, { n: 2 }]);
  });

  test("freezes the assigns: changing them in place would be seen by nobody else", () => {
    const { assigns } = socket.assign("a", 1);
    expect(() => ((assigns as { a: number }).a = 2)).toThrow(TypeError);
  });

  test("takes __proto__ for a name", () => {
    const { assigns } = socket.assign("__proto__", { admin: true });
    assert.isUndefined((assigns as { admin?: unknown }).admin);
    assert.isTrue(Object.hasOwn(assigns, "__proto__"));
  });
});

describe("Socket", () => {
  test("has no channel before there is one", () => {
    assert.deepEqual(
      [socket.topic, socket.joinRef, socket.ref, socket.joined, socket.channel, socket.channelPid],
      ["", null, null, false, undefined, undefined],
    );
  });

  test("shows the channel that it belongs to", () => {
    const pid = {} as Pid;
    const seat = { topic: "room:1", joinRef: "3", self: { pid }, channel: class Room {} };
    const seated = socket.seated(seat as never, { role: "admin" });
    assert.deepEqual([seated.topic, seated.joinRef, seated.channel?.name], ["room:1", "3", "Room"]);
    assert.equal(seated.channelPid, pid);
    assert.deepEqual(seated.assigns, { kept: true, role: "admin" });
    assert.isFalse(seated.joined);
    assert.isTrue(seated.afterJoin().joined);
  });
});
