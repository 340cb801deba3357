import { Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { Duplex } from "node:stream";
import { assert, describe, test } from "vitest";
import { Outbox, type OutboxOwner } from "../../../channels/transport/outbox.ts";

/** A stream that keeps what each of its writes was given. */
function recorder(options: { stuck?: boolean } = {}): { stream: Duplex; writes: string[] } {
  const writes: string[] = [];
  const done = (callback: () => void): void => {
    if (options.stuck !== true) callback();
  };
  const stream = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      writes.push(chunk.toString());
      done(callback);
    },
    writev(chunks, callback) {
      writes.push(chunks.map(({ chunk }) => String(chunk.length)).join("+"));
      done(callback);
    },
  });
  return { stream: stream as unknown as Duplex, writes };
}

/** Of a socket that stays open. */
const open: OutboxOwner = { isOpen: true, overfull: () => assert.fail("the outbox is not full") };

describe("Outbox", () => {
  test("writes nothing before the turn of the event loop is over, then all in one", async () => {
    const { stream, writes } = recorder();
    const outbox = new Outbox(stream, 1_000, open);
    for (const text of ["a", "b", "c"]) outbox.push(Buffer.from(text));
    assert.deepEqual(writes, []);
    await turn();
    assert.deepEqual(writes, ["abc"]);
    outbox.push(Buffer.from("d"));
    await turn();
    assert.deepEqual(writes, ["abc", "d"]);
  });

  test("writes what waits when it is told to, and that only once", async () => {
    const { stream, writes } = recorder();
    const outbox = new Outbox(stream, 1_000, open);
    outbox.push(Buffer.from("a"));
    outbox.flush();
    assert.deepEqual(writes, ["a"]);
    outbox.push(Buffer.from("b"));
    await turn();
    assert.deepEqual(writes, ["a", "b"]);
  });

  test("leaves it to the stream to gather what is large", async () => {
    const { stream, writes } = recorder();
    const outbox = new Outbox(stream, 1_000_000, open);
    for (const size of [40_000, 1, 40_000]) outbox.push(Buffer.alloc(size));
    await turn();
    assert.deepEqual(writes, ["40000+1+40000"]);
  });

  test("flushes several outboxes", async () => {
    const one = recorder();
    const other = recorder();
    new Outbox(one.stream, 1_000, open).push(Buffer.from("1"));
    new Outbox(other.stream, 1_000, open).push(Buffer.from("2"));
    await turn();
    assert.deepEqual([one.writes, other.writes], [["1"], ["2"]]);
  });

  test("drops what waits when the close frame has been sent meanwhile", async () => {
    const { stream, writes } = recorder();
    const owner = { ...open, isOpen: true };
    const outbox = new Outbox(stream, 1_000, owner);
    outbox.push(Buffer.from("a"));
    owner.isOpen = false;
    await turn();
    assert.deepEqual(writes, []);
  });

  test("writes at once what would be too much to hold until the turn is over", () => {
    const { stream, writes } = recorder();
    const outbox = new Outbox(stream, 10_000_000, open);
    for (let n = 0; n < 6; n += 1) outbox.push(Buffer.alloc(200_000));
    assert.deepEqual(writes, ["200000+200000+200000+200000+200000+200000"]);
    assert.equal(outbox.bytes, 0);
  });

  test("says when more waits to be read than may", async () => {
    const { stream } = recorder({ stuck: true });
    let full = 0;
    const outbox = new Outbox(stream, 10, { isOpen: true, overfull: () => (full += 1) });
    outbox.push(Buffer.alloc(10));
    await turn();
    assert.equal(full, 0);
    outbox.push(Buffer.alloc(1));
    await turn();
    assert.equal(full, 1);
  });
});
