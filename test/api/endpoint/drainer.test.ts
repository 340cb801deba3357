import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { defineEndpoint } from "../../../api/endpoint/endpoint.ts";
import type { DrainerOptions } from "../../../api/endpoint/drainer-options.ts";
import type { RunningEndpoint } from "../../../api/endpoint/running-endpoint.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { socketDrain, type SocketDrainRound } from "../../../api/telemetry.ts";
import { defineSocket, ok, PubSub } from "../../../channels/index.ts";
import { attachTelemetry, detachTelemetry, type Random, Runtime } from "../../../runtime/index.ts";
import { CapturedLog, settle, VirtualClock } from "../../../runtime/testing.ts";

const UserSocket = defineSocket({ channels: [], connect: (_, socket) => ok(socket) });

/** An endpoint whose time stands still, with clients that are in no channel. */
class DrainedEndpoint {
  readonly clock: VirtualClock = new VirtualClock();
  readonly log: CapturedLog = new CapturedLog();
  /** The codes with which clients were closed so far. */
  readonly closed: number[] = [];
  runtime!: Runtime;
  endpoint!: RunningEndpoint;
  stopped: Promise<unknown> | undefined;
  #stop!: () => Promise<unknown>;

  static async start(
    drainer: DrainerOptions,
    clients: number,
    { random, drainDelayMs = 0 }: { random?: Random; drainDelayMs?: number } = {},
  ): Promise<DrainedEndpoint> {
    const drained = new DrainedEndpoint();
    const { clock, log: logger } = drained;
    const runtime = await Runtime.start({ clock, logger, ...(random === undefined ? {} : { random }) });
    onTestFinished(() => runtime.shutdown());
    const endpoint = defineEndpoint({
      router: defineRouter(() => {}),
      pubsub: "test.pubsub",
      drainDelayMs,
      sockets: { "/socket": { handler: UserSocket, drainer } },
    });
    const children = [{ id: "pubsub", start: [PubSub, {}], name: "test.pubsub" } as const];
    const started = await endpoint.start(runtime, { port: 0, children });
    drained.runtime = runtime;
    drained.#stop = () => runtime.stop(started.pid, "shutdown");
    drained.endpoint = started.endpoint;
    const url = `${started.endpoint.url.replace("http", "ws")}/socket/websocket?vsn=2.0.0`;
    for (let client = 0; client < clients; client += 1) {
      const websocket = new WebSocket(url);
      websocket.on("close", (code) => drained.closed.push(code));
      await once(websocket, "open");
    }
    return drained;
  }

  stop(): void {
    this.stopped = this.#stop();
  }

  /** Lets time go by once all that was due has happened. */
  async pass(ms: number): Promise<void> {
    await settle(this.runtime);
    this.clock.advance(ms);
    await settle(this.runtime);
  }

  /** The codes of all that are closed, once there are so many. */
  async codes(count: number): Promise<number[]> {
    await expect.poll(() => this.closed.length).toBe(count);
    return this.closed;
  }
}

afterEach(() => void detachTelemetry("test"));

describe("draining", () => {
  test("sends clients away a batch at a time, with 1012, though they are in no channel, and tells of each round", async () => {
    const rounds: SocketDrainRound[] = [];
    attachTelemetry("test", [socketDrain], (round, { endpoint, socket }) => {
      assert.deepEqual([endpoint, socket], ["endpoint", "/socket"]);
      rounds.push(round);
    });
    const drained = await DrainedEndpoint.start({ batchSize: 2, batchInterval: 1_000 }, 5);
    drained.stop();
    await drained.codes(2);
    await drained.pass(999);
    assert.equal(rounds.length, 1);
    await drained.pass(1);
    await drained.codes(4);
    await drained.pass(1_000);
    await drained.codes(5);
    await drained.stopped;
    assert.deepEqual(drained.closed, [1012, 1012, 1012, 1012, 1012]);
    assert.deepEqual(rounds, [
      { count: 2, total: 5, index: 1, rounds: 3 },
      { count: 2, total: 5, index: 2, rounds: 3 },
      { count: 1, total: 5, index: 3, rounds: 3 },
    ]);
    assert.deepEqual(
      drained.log.lines.map(({ message }) => message).filter((message) => message.startsWith("Sending away")),
      [2, 2, 1].map((count) => `Sending away ${count} of 5 clients of endpoint/socket`),
    );
  });

  test("spreads the clients of a batch over the jitter", async () => {
    const moments = [0.1, 0.5, 0.9];
    // Other chance is asked for, too, so that these are the ones of the drainer only from the stop on.
    let draining = false;
    const random = { next: () => (draining ? (moments.shift() ?? 0) : 0.5) };
    const drained = await DrainedEndpoint.start({ jitter: 1_000 }, 3, { random });
    draining = true;
    drained.stop();
    await drained.pass(99);
    assert.deepEqual(drained.closed, []);
    await drained.pass(2);
    await drained.codes(1);
    await drained.pass(400);
    await drained.codes(2);
    await drained.pass(400);
    assert.deepEqual(await drained.codes(3), [1012, 1012, 1012]);
    await drained.stopped;
  });

  test("begins after the delay, during which the endpoint only says that it is draining", async () => {
    const drained = await DrainedEndpoint.start({}, 1, { drainDelayMs: 5_000 });
    const { endpoint } = drained;
    assert.equal(endpoint.draining, false);
    drained.stop();
    await drained.pass(4_999);
    assert.equal(endpoint.draining, true);
    assert.deepEqual(drained.closed, []);
    const late = new WebSocket(`${endpoint.url.replace("http", "ws")}/socket/websocket?vsn=2.0.0`);
    late.on("close", (code) => drained.closed.push(code));
    await once(late, "open");
    await drained.pass(1);
    assert.deepEqual(await drained.codes(2), [1012, 1012]);
    await drained.stopped;
  });
});
