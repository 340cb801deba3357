import { setImmediate as turn } from "node:timers/promises";
import { type Duplex, Writable } from "node:stream";
import fc from "fast-check";
import { afterAll, assert, beforeAll, describe, test } from "vitest";
import { WebSocket } from "ws";
import { EncodedFrame } from "../../../channels/encoded-frame.ts";
import { Broadcast } from "../../../channels/message.ts";
import type { SlowConsumer } from "../../../channels/transport/backlog.ts";
import type { LeanWebSocket } from "../../../channels/transport/lean-websocket.ts";
import { WebSocketPeer } from "../../../channels/transport/websocket-peer.ts";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";

const STREAM_BYTES = 1_000;
const BUFFERED_BYTES = 2_000;
const FRAME_BYTES = 300;
/** What the stream may hold before anything is done about it, as much again from the turn that fills it, and a frame with its header. */
const SLACK_BYTES = 2 * STREAM_BYTES + FRAME_BYTES + 4;
const RUNS = 300;

let runtime: Runtime;

beforeAll(async () => {
  runtime = await Runtime.start({ logger: silentLogger, clock: new VirtualClock() });
});

afterAll(() => runtime.shutdown());

/** A client that reads when it is told to, a write at a time. */
class ReluctantClient {
  readonly peer: WebSocketPeer;
  readonly pid: Pid;
  closedWith: number | undefined;
  #received = "";
  #acknowledge: (() => void) | undefined;
  readonly #open: () => void;

  constructor(slowConsumer: SlowConsumer, isOpen = true) {
    const take = (bytes: Buffer, done: () => void): void => {
      this.#received += bytes.toString("latin1");
      this.#acknowledge = done;
    };
    const stream = new Writable({
      highWaterMark: STREAM_BYTES,
      write: (chunk: Buffer, _encoding, done) => take(chunk, done),
      writev: (chunks, done) => take(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    });
    const websocket = {
      isPaused: false,
      readWith: () => {},
      pause: () => {
        websocket.isPaused = true;
      },
      resume: () => {
        websocket.isPaused = false;
      },
      close: (code: number) => {
        this.closedWith = code;
        this.peer.becameFull({ readyState: WebSocket.CLOSING } as WebSocket);
      },
    };
    this.pid = runtime.spawn((self) => self.receive());
    this.peer = new WebSocketPeer(runtime, stream as unknown as Duplex, {
      maxBufferedSize: BUFFERED_BYTES,
      slowConsumer,
    });
    this.peer.started(this.pid);
    this.#open = () => this.peer.open(websocket as unknown as LeanWebSocket, this.pid);
    if (isOpen) this.open();
  }

  open(): void {
    this.#open();
  }

  /** Whether there was something to read. */
  read(): boolean {
    const acknowledge = this.#acknowledge;
    this.#acknowledge = undefined;
    acknowledge?.();
    return acknowledge !== undefined;
  }

  /** Reads all that comes, and answers the numbers of all frames that have ever come. */
  async rest(): Promise<number[]> {
    do await turn();
    while (this.read() || this.peer.unreadBytes > 0);
    return [...this.#received.matchAll(/#(\d+)#/g)].map(([, number]) => Number(number));
  }
}

interface Step {
  readonly kind: "event" | "reply" | "read" | "turn";
  readonly size: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom("event", "event", "event", "event", "reply", "read", "turn"),
    size: fc.integer({ min: 10, max: FRAME_BYTES }),
  }),
  { maxLength: 200, size: "max" },
);

/** Sends what the steps say, and tells which events and replies there were, by number. */
async function drive(client: ReluctantClient, plan: readonly Step[]): Promise<Map<number, Step["kind"]>> {
  const sent = new Map<number, Step["kind"]>();
  for (const [number, { kind, size }] of plan.entries()) {
    if (kind === "turn") {
      await turn();
    } else if (kind === "read") {
      client.read();
      await turn();
    } else if (client.closedWith === undefined) {
      const frame = new EncodedFrame(`#${number}#`.padEnd(size, "."));
      if (kind === "event") frame.message = new Broadcast("room:1", `tick ${number % 3}`, {});
      // Half of them as they come to a process that is at rest.
      if (number % 2 === 0 || !client.peer.append(frame)) client.peer.push(frame);
      sent.set(number, kind);
    }
    assert.isAtMost(client.peer.unreadBytes, BUFFERED_BYTES + SLACK_BYTES);
  }
  return sent;
}

const policies: readonly SlowConsumer[] = [
  "disconnect",
  "drop_oldest",
  "drop_newest",
  { conflate: (event) => event },
];

describe("WebSocketPeer", () => {
  for (const policy of policies) {
    const name = typeof policy === "string" ? policy : "conflate";
    test(`${name}: holds no more than the limit, sends nothing twice, and loses no reply of a client that it keeps`, async () => {
      let ends = 0;
      let losses = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (plan) => {
          const client = new ReluctantClient(policy);
          const sent = await drive(client, plan);
          const got = await client.rest();
          assert.lengthOf(new Set(got), got.length);
          if (name !== "conflate")
            assert.deepEqual(
              got,
              got.toSorted((a, b) => a - b),
            );
          if (client.closedWith !== undefined) {
            assert.equal(client.closedWith, 1013);
            assert.isFalse(runtime.isAlive(client.pid));
            ends += 1;
            return;
          }
          const seen = new Set(got);
          const missed = [...sent].filter(([number]) => !seen.has(number));
          assert.deepEqual(
            [...new Set(missed.map(([, kind]) => kind))].filter((kind) => kind === "reply"),
            [],
          );
          if (policy === "disconnect") assert.deepEqual(missed, []);
          losses += missed.length;
          if (name === "conflate") {
            // The newest event of each name comes, whatever was left out before it.
            const newest = new Map(
              [...sent].filter(([, kind]) => kind === "event").map(([number]) => [number % 3, number]),
            );
            assert.includeMembers(got, [...newest.values()]);
          }
          runtime.exit(client.pid, "kill");
        }),
        { numRuns: RUNS },
      );
      // The property is about something.
      if (policy === "disconnect") assert.isAbove(ends, 0);
      else assert.isAbove(losses, 0);
    });
  }

  test("a client that is behind gets what waits before the close frame", async () => {
    const client = new ReluctantClient("drop_oldest");
    for (let number = 0; number < 8; number += 1) {
      const frame = new EncodedFrame(`#${number}#`.padEnd(250, "."));
      frame.message = new Broadcast("room:1", "tick", {});
      client.peer.push(frame);
      await turn();
    }
    runtime.exit(client.pid, ["shutdown", "restart"]);
    assert.equal(client.closedWith, 1012);
    assert.deepEqual(await client.rest(), [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("takes a frame without a turn of its process only while nothing else has to be done about it", async () => {
    const client = new ReluctantClient("drop_oldest");
    const { peer } = client;
    const frames = Array.from({ length: 9 }, (_, n) => new EncodedFrame(`#${n}#`.padEnd(FRAME_BYTES, ".")));
    assert.equal(peer.append(frames[0]!), true);
    peer.isTapped = true;
    assert.equal(peer.append(frames[1]!), false);
    peer.isTapped = false;
    let taken = 1;
    while (peer.append(frames[taken]!)) taken += 1;
    // What fits into the stream.
    assert.equal(taken, 3);
    assert.deepEqual(await client.rest(), [0, 1, 2]);
  });

  test("a client whose process ends before the handshake does is told the reason", () => {
    const client = new ReluctantClient("disconnect", false);
    runtime.exit(client.pid, ["shutdown", "disconnected"]);
    assert.isUndefined(client.closedWith);
    client.open();
    assert.equal(client.closedWith, 1001);
  });

  test("a client is paused from 64 frames that wait to 32, and says so", () => {
    const client = new ReluctantClient("disconnect");
    for (let frame = 1; frame < 64; frame += 1) client.peer.message("x");
    assert.isFalse(client.peer.isPaused);
    client.peer.message("x");
    assert.isTrue(client.peer.isPaused);
    for (let frame = 64; frame > 33; frame -= 1) client.peer.handled();
    assert.isTrue(client.peer.isPaused);
    client.peer.handled();
    assert.isFalse(client.peer.isPaused);
    runtime.exit(client.pid, "kill");
  });

  test("pings that the process is told of count as frames", () => {
    const client = new ReluctantClient("disconnect");
    for (let frame = 0; frame < 64; frame += 1) client.peer.control("ping", Buffer.alloc(0));
    assert.isTrue(client.peer.isPaused);
    for (let frame = 0; frame < 32; frame += 1) client.peer.handled();
    assert.isFalse(client.peer.isPaused);
    runtime.exit(client.pid, "kill");
  });
});
