import { assert, describe, expect, test } from "vitest";
import { defineSocket, routeOf, type SocketOptions } from "../../channels/socket-definition.ts";
import { ok } from "../../channels/channel-returns.ts";
import { BareChannel, MuteChannel, RoomChannel } from "./room-channel.ts";

const connect: SocketOptions<Record<string, unknown>>["connect"] = (_, socket) => ok(socket);

describe("defineSocket", () => {
  test("finds the channel of a topic: the first that matches", () => {
    const socket = defineSocket({
      connect,
      channels: [
        ["room:lobby", MuteChannel],
        ["room:*", RoomChannel, { assigns: { kept: true } }],
        ["*", BareChannel],
      ],
    });
    const channelOf = (topic: unknown): string | undefined => routeOf(socket, topic)?.channel.name;
    assert.equal(channelOf("room:lobby"), "MuteChannel");
    assert.equal(channelOf("room:lobby2"), "RoomChannel");
    assert.equal(channelOf("anything"), "BareChannel");
    assert.isUndefined(channelOf(7));
    assert.isUndefined(channelOf("\0places"), "PubSub's own topics are nobody's to join");
    assert.deepEqual(routeOf(socket, "room:1")?.assigns, { kept: true });
  });

  test("knows which events a channel intercepts", () => {
    const socket = defineSocket({
      connect,
      channels: [
        ["a", RoomChannel],
        ["b", MuteChannel],
      ],
    });
    assert.deepEqual(routeOf(socket, "a")?.intercepts, new Set(["intercepted"]));
    assert.isUndefined(routeOf(socket, "b")?.intercepts);
  });

  test("completes what is left out", () => {
    const socket = defineSocket({ connect, channels: [] });
    assert.deepEqual(
      [socket.name, socket.maxChannelsPerTransport, socket.id({} as never)],
      ["UserSocket", 100, undefined],
    );
    assert.isTrue(Object.isFrozen(socket));
  });

  const wrong: readonly (readonly [what: string, options: object, code: string])[] = [
    ["a * in the middle", { channels: [["room:*:x", RoomChannel]] }, "ROOKERY_TOPIC_PATTERN"],
    ["no channel", { channels: [["room:*"]] }, "ROOKERY_SOCKET_OPTION"],
    ["a channel without its topic", { channels: [RoomChannel] }, "ROOKERY_SOCKET_OPTION"],
    [
      "a misspelled option of a channel",
      { channels: [["room:*", RoomChannel, { assign: {} }]] },
      "ROOKERY_SOCKET_OPTION",
    ],
    [
      "an intercept that is no list",
      {
        channels: [
          [
            "room:*",
            class extends RoomChannel {
              static override readonly intercept = "shout" as never;
            },
          ],
        ],
      },
      "ROOKERY_SOCKET_OPTION",
    ],
    ["limits that are none", { channels: [], limits: null }, "ROOKERY_SOCKET_OPTION"],
    ["no list of channels", { channels: {} }, "ROOKERY_SOCKET_OPTION"],
    ["no connect", { channels: [], connect: undefined }, "ROOKERY_SOCKET_OPTION"],
    ["an id that is no function", { channels: [], id: "user:1" }, "ROOKERY_SOCKET_OPTION"],
    ["a limit of 0", { channels: [], maxChannelsPerTransport: 0 }, "ROOKERY_SOCKET_OPTION"],
    ["a misspelled option", { channels: [], maxChannels: 7 }, "ROOKERY_SOCKET_OPTION"],
  ];
  for (const [what, options, code] of wrong) {
    test(`refuses ${what}`, () => {
      expect(() => defineSocket({ connect, ...options } as never)).toThrow(expect.objectContaining({ code }));
    });
  }
});
