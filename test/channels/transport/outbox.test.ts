import { Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { Duplex } from "node:stream";
import { assert, describe, test } from "vitest";
import { Outbox } from "../../../channels/transport/outbox.ts";

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

/** The outbox of a socket. */
class SocketOutbox extends Outbox {
  override isOpen = true;
  timesFull = 0;

  override overfull(): void {
    this.timesFull += 1;
  }
}

describe("Outbox", () => {
  test("writes nothing before the turn of the event loop is over, then all in one", async () => {
    const { stream, writes } = recorder();
    const outbox = new SocketOutbox(stream, 1_000);
    for (const text of ["a", "b", "c"]) outbox.hold(Buffer.from(text));
    assert.deepEqual(writes, []);
    await turn();
    assert.deepEqual(writes, ["abc"]);
    outbox.hold(Buffer.from("d"));
    await turn();
    assert.deepEqual(writes, ["abc", "d"]);
  });

  test("writes what waits when it is told to, and that only once", async () => {
    const { stream, writes } = recorder();
    const outbox = new SocketOutbox(stream, 1_000);
    outbox.hold(Buffer.from("a"));
    outbox.flush();
    assert.deepEqual(writes, ["a"]);
    outbox.hold(Buffer.from("b"));
    await turn();
    assert.deepEqual(writes, ["a", "b"]);
  });

  test("leaves it to the stream to gather what is large", async () => {
    const { stream, writes } = recorder();
    const outbox = new SocketOutbox(stream, 1_000_000);
    for (const size of [40_000, 1, 40_000]) outbox.hold(Buffer.alloc(size));
    await turn();
    assert.deepEqual(writes, ["40000+1+40000"]);
  });

  test("flushes several outboxes", async () => {
    const one = recorder();
    const other = recorder();
    new SocketOutbox(one.stream, 1_000).hold(Buffer.from("1"));
    new SocketOutbox(other.stream, 1_000).hold(Buffer.from("2"));
    await turn();
    assert.deepEqual([one.writes, other.writes], [["1"], ["2"]]);
  });

  test("writes also after the stack of who came first has ended while it was being told", async () => {
    const { stream, writes } = recorder();
    const outbox = new SocketOutbox(stream, 1_000);
    const bytes = Buffer.from("a");
    const deepest = (): void => {
      try {
        deepest();
      } catch {
        outbox.hold(bytes);
      }
    };
    deepest();
    await turn();
    assert.deepEqual(writes, ["a"]);
  });

  test("flushes the others where one throws that is full", async () => {
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const thrown = new Promise((resolve) => process.once("uncaughtException", resolve));
    const [one, other] = [recorder({ stuck: true }), recorder()];
    one.stream.write("before");
    const full = new SocketOutbox(one.stream, 3);
    full.overfull = () => assert.fail("full");
    full.hold(Buffer.from("1"));
    new SocketOutbox(other.stream, 1_000).hold(Buffer.from("2"));
    assert.match(String(await thrown), /full/);
    for (const listener of listeners) process.on("uncaughtException", listener);
    await turn();
    assert.deepEqual(other.writes, ["2"]);
  });

  test("drops what waits when the close frame has been sent meanwhile", async () => {
    const { stream, writes } = recorder();
    const outbox = new SocketOutbox(stream, 1_000);
    outbox.hold(Buffer.from("a"));
    outbox.isOpen = false;
    await turn();
    assert.deepEqual(writes, []);
  });

  test("writes at once what would be too much to hold until the turn is over", () => {
    const { stream, writes } = recorder();
    const outbox = new SocketOutbox(stream, 10_000_000);
    for (let n = 0; n < 6; n += 1) outbox.hold(Buffer.alloc(200_000));
    assert.deepEqual(writes, ["200000+200000+200000+200000+200000+200000"]);
    assert.equal(outbox.heldBytes, 0);
  });

  test("says when more waits to be read than may", async () => {
    const { stream } = recorder({ stuck: true });
    const outbox = new SocketOutbox(stream, 10);
    outbox.hold(Buffer.alloc(10));
    await turn();
    assert.equal(outbox.timesFull, 0);
    outbox.hold(Buffer.alloc(1));
    await turn();
    assert.equal(outbox.timesFull, 1);
  });
});
