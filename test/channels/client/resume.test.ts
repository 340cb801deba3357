import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { assert, beforeEach, describe, test } from "vitest";
import { resumable, type ResumableOptions } from "../../../channels/client/resume.ts";

/** As much of a channel as the helper knows. */
class FakeChannel {
  readonly topic: string;
  readonly params: () => object;

  constructor(topic: string, params: () => object) {
    this.topic = topic;
    this.params = params;
  }

  onMessage(_event: string, payload: unknown, _ref: unknown): unknown {
    return payload;
  }
}

const socket = {
  channel: (topic: string, params: () => object): FakeChannel => new FakeChannel(topic, params),
};
const position = { epoch: "e", offset: 7, id: "me" };
const joinReply = (resume: unknown): object => ({ status: "ok", response: { room: 1, resume } });

let channel: FakeChannel;
let joins: boolean[];

function start(options: ResumableOptions = {}): { readonly position: unknown } {
  joins = [];
  const room = resumable(socket, "room:1", { onJoin: (resumed) => joins.push(resumed), ...options });
  channel = room.channel;
  return room;
}

let room: { readonly position: unknown };
beforeEach(() => {
  room = start({ params: { name: "Ada" } });
});

const get = (event: string, payload: unknown): unknown => channel.onMessage(event, payload, null);

describe("resumable", () => {
  test("joins with the channel's params and its wish, then with where it stands", () => {
    assert.deepEqual(channel.params(), { name: "Ada", resume: true });
    get("phx_reply", joinReply({ resumed: false, ...position }));
    assert.deepEqual(channel.params(), { name: "Ada", resume: position });
    assert.deepEqual(joins, [false]);
  });

  test("goes on from a position of before", () => {
    room = start({ position });
    assert.deepEqual(channel.params(), { resume: position });
  });

  test("hands events on as they were broadcast, and has their offset", () => {
    get("phx_reply", joinReply({ resumed: false, ...position }));
    assert.deepEqual(get("said", { body: "hi", resume_offset: 8 }), { body: "hi" });
    assert.deepEqual(room.position, { ...position, offset: 8 });
  });

  test("goes on from behind what it has sent itself", () => {
    get("phx_reply", joinReply({ resumed: false, ...position }));
    get("resume_offset", { resume_offset: 9 });
    assert.deepEqual(room.position, { ...position, offset: 9 });
    get("drawn", new ArrayBuffer(2));
    assert.deepEqual(room.position, { ...position, offset: 9 });
  });

  test("takes the offset of bytes once they are there", () => {
    get("phx_reply", joinReply({ resumed: false, ...position }));
    get("resume_offset", { offset: 9 });
    assert.deepEqual(room.position, position);
    const bytes = new ArrayBuffer(2);
    assert.equal(get("said", bytes), bytes);
    assert.deepEqual(room.position, { ...position, offset: 9 });
    get("said", new ArrayBuffer(2));
    assert.deepEqual(room.position, { ...position, offset: 9 });
  });

  test("keeps its offset when it resumes: what was missed is still to come", () => {
    get("phx_reply", joinReply({ resumed: false, ...position }));
    get("phx_reply", joinReply({ resumed: true, ...position, offset: 20 }));
    assert.deepEqual(room.position, position);
    assert.deepEqual(joins, [false, true]);
  });

  test("forgets an offset whose bytes were lost with the connection", () => {
    get("phx_reply", joinReply({ resumed: false, ...position }));
    get("resume_offset", { offset: 9 });
    get("phx_reply", joinReply({ resumed: false, epoch: "of another log", offset: 1, id: "me" }));
    get("drawn", new ArrayBuffer(2));
    assert.deepEqual(room.position, { epoch: "of another log", offset: 1, id: "me" });
  });

  test("leaves everything else as it is", () => {
    for (const [event, payload] of [
      ["phx_reply", { status: "ok", response: { resume: "today" } }],
      ["phx_reply", { status: "ok", response: null }],
      ["phx_reply", { status: "ok" }],
      ["phx_reply", { status: "error", response: { resume: { resumed: true, ...position } } }],
      ["chan_reply_7", joinReply({ resumed: true, ...position })],
      ["typing", { name: "Ada" }],
      ["phx_close", "leave"],
      ["phx_error", undefined],
      ["said", new ArrayBuffer(1)],
    ] as const)
      assert.equal(get(event, payload), payload);
    assert.deepEqual(joins, []);
    assert.isUndefined(room.position);
  });

  test("loads nothing of the server", () => {
    const file = new URL("../../../channels/client/resume.ts", import.meta.url);
    const code = stripTypeScriptTypes(readFileSync(file, "utf8")).replaceAll(/\/\*[^]*?\*\//g, "");
    assert.match(code, /export function resumable/);
    assert.notMatch(code, /\bimport\b/);
  });
});
