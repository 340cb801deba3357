import { assert, describe, test } from "vitest";
import { EncodedFrame } from "../../../channels/encoded-frame.ts";
import { Broadcast } from "../../../channels/message.ts";
import { Backlog, type SlowConsumer, Waiting } from "../../../channels/transport/backlog.ts";

/** Eight bytes of text, and two of header. */
const SIZE = 10;

/** A broadcast whose frame says `text`. */
function event(text: string, name = "tick", payload: object = {}): EncodedFrame {
  const frame = new EncodedFrame(text.padEnd(8));
  frame.message = new Broadcast("room:1", name, payload);
  return frame;
}

/** A reply, or another frame that is none of a broadcast or push. */
function reply(text: string): EncodedFrame {
  return new EncodedFrame(text.padEnd(8));
}

/** A backlog with room for so many frames. */
function backlogOf(policy: SlowConsumer, frames: number): Backlog {
  return new Backlog(policy, frames * SIZE);
}

function rest(backlog: Backlog): string[] {
  const texts: string[] = [];
  for (let frame = backlog.shift(); frame !== undefined; frame = backlog.shift()) {
    texts.push((frame.data as string).trimEnd());
  }
  return texts;
}

describe("Backlog", () => {
  test("gives the frames back in their order, and counts the bytes that wait", () => {
    const backlog = backlogOf("drop_oldest", 3);
    for (const text of ["a", "b", "c"]) assert.equal(backlog.add(event(text)), Waiting.Kept);
    assert.equal(backlog.bytes, 3 * SIZE);
    assert.deepEqual(rest(backlog), ["a", "b", "c"]);
    assert.equal(backlog.bytes, 0);
    assert.equal(backlog.droppedFrames, 0);
  });

  test("drop_oldest drops the events that have waited longest, as many as there must be", () => {
    const backlog = backlogOf("drop_oldest", 3);
    for (const text of ["a", "b", "c", "d"]) backlog.add(event(text));
    const large = "x".repeat(SIZE + 8);
    backlog.add(event(large));
    assert.deepEqual(rest(backlog), ["d", large]);
    assert.deepEqual([backlog.droppedFrames, backlog.droppedBytes], [3, 3 * SIZE]);
  });

  test("drop_newest drops what comes last", () => {
    const backlog = backlogOf("drop_newest", 2);
    assert.equal(backlog.add(event("a")), Waiting.Kept);
    assert.equal(backlog.add(event("b")), Waiting.Kept);
    assert.equal(backlog.add(event("c")), Waiting.Dropped);
    assert.deepEqual([backlog.droppedFrames, backlog.droppedBytes], [1, SIZE]);
    assert.deepEqual(rest(backlog), ["a", "b"]);
    assert.equal(backlog.add(event("d")), Waiting.Kept);
  });

  test("an event that is larger than the limit is dropped, and no other for it", () => {
    for (const policy of ["drop_oldest", "drop_newest"] as const) {
      const backlog = backlogOf(policy, 2);
      backlog.add(event("a"));
      assert.equal(backlog.add(event("x".repeat(30))), Waiting.Dropped);
      assert.deepEqual(rest(backlog), ["a"]);
    }
  });

  test("replies, and what tells of channels and presences, is never dropped: it overflows", () => {
    for (const policy of ["drop_oldest", "drop_newest", { conflate: () => "key" }] as const) {
      const backlog = backlogOf(policy, 3);
      const needed = [reply("a"), event("b", "presence_diff"), event("c", "phx_error")];
      for (const frame of needed) assert.equal(backlog.add(frame), Waiting.Kept);
      assert.equal(backlog.add(reply("d")), Waiting.Overflow);
      assert.deepEqual(rest(backlog), ["a", "b", "c"]);
    }
  });

  test("drop_oldest makes room for a reply, and drops what comes when only replies are left", () => {
    const backlog = backlogOf("drop_oldest", 2);
    for (const frame of [event("a"), reply("b"), reply("c")])
      assert.notEqual(backlog.add(frame), Waiting.Overflow);
    assert.equal(backlog.add(event("d")), Waiting.Dropped);
    assert.deepEqual(rest(backlog), ["b", "c"]);
  });

  test("drop_newest makes room for a reply by what came last, and overflows when only replies are left", () => {
    const backlog = backlogOf("drop_newest", 3);
    for (const frame of [event("a"), event("b"), event("c"), reply("d"), event("e"), reply("f")])
      assert.notEqual(backlog.add(frame), Waiting.Overflow);
    assert.deepEqual([backlog.droppedFrames, backlog.bytes], [3, 3 * SIZE]);
    assert.equal(backlog.add(reply("g")), Waiting.Kept);
    assert.equal(backlog.add(reply("h")), Waiting.Overflow);
    assert.deepEqual(rest(backlog), ["d", "f", "g"]);
  });

  test("drop_newest keeps every reply and the oldest events among them, however long it goes on", () => {
    const backlog = backlogOf("drop_newest", 5_000);
    for (let n = 0; n < 5_000; n += 1) backlog.add(event(`e${n}`));
    for (let n = 0; n < 500; n += 1) assert.equal(backlog.shift()!.data, `e${n}`.padEnd(8));
    for (let n = 0; n < 40_000; n += 1) backlog.add(n % 10 === 0 ? reply(`r${n}`) : event(`f${n}`));
    assert.deepEqual(
      rest(backlog).filter((text) => text.startsWith("r")),
      Array.from({ length: 4_000 }, (_, n) => `r${n * 10}`),
    );
    assert.equal(backlog.bytes, 0);
  });

  test("conflate keeps the newest of a key in the place of the first, and all without one", () => {
    const conflate = (name: string, topic: string, payload: object): string | undefined =>
      name === "cursor" ? `${topic} ${(payload as { user: string }).user}` : undefined;
    const backlog = backlogOf({ conflate }, 4);
    backlog.add(event("ann 1", "cursor", { user: "ann" }));
    backlog.add(event("say"));
    backlog.add(event("bob 1", "cursor", { user: "bob" }));
    assert.equal(backlog.add(event("ann 2", "cursor", { user: "ann" })), Waiting.Dropped);
    backlog.add(event("say"));
    assert.equal(backlog.add(event("ann 3", "cursor", { user: "ann" })), Waiting.Dropped);
    assert.equal(backlog.add(event("carl 1", "cursor", { user: "carl" })), Waiting.Overflow);
    assert.equal(backlog.bytes, 4 * SIZE);
    assert.deepEqual(rest(backlog), ["ann 3", "say", "bob 1", "say"]);
  });

  test("conflate that answers null leaves an event as it is", () => {
    const backlog = backlogOf({ conflate: () => null as never }, 3);
    for (const text of ["a", "b"]) assert.equal(backlog.add(event(text)), Waiting.Kept);
    assert.deepEqual(rest(backlog), ["a", "b"]);
  });

  test("a key whose frame has left waits anew", () => {
    const backlog = backlogOf({ conflate: (name) => name }, 4);
    backlog.add(event("a", "one"));
    backlog.add(event("b", "two"));
    backlog.shift();
    backlog.add(event("c", "one"));
    backlog.add(event("d", "two"));
    assert.deepEqual(rest(backlog), ["d", "c"]);
  });

  for (const policy of ["drop_oldest", { conflate: () => undefined }] as const) {
    test(`stays in order however long it goes on: ${JSON.stringify(policy)}`, () => {
      const backlog = backlogOf(policy, 2_000);
      const expected: string[] = [];
      for (let n = 0; n < 20_000; n += 1) {
        const needed = n % 7 === 0;
        const text = String(n);
        // Read from time to time, so that there are gaps at the beginning, too.
        if (n >= 1_000) assert.equal((backlog.shift()!.data as string).trimEnd(), expected.shift());
        expected.push(text);
        backlog.add(needed ? reply(text) : event(text));
      }
      assert.deepEqual(rest(backlog), expected);
    });
  }

  test("drop_oldest keeps every reply and the newest events among them", () => {
    const backlog = backlogOf("drop_oldest", 1_000);
    for (let n = 0; n < 5_000; n += 1) backlog.add(n % 10 === 0 ? reply(`r${n}`) : event(`e${n}`));
    const texts = rest(backlog);
    assert.deepEqual(
      texts.filter((text) => text.startsWith("r")),
      Array.from({ length: 500 }, (_, n) => `r${n * 10}`),
    );
    const events = texts.filter((text) => text.startsWith("e"));
    assert.equal(events.length, 500);
    assert.equal(events.at(-1), "e4999");
    assert.equal(backlog.droppedFrames, 4_000);
  });
});
