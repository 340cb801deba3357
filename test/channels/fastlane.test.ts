import { assert, describe, test } from "vitest";
import { EncodedFrame } from "../../channels/encoded-frame.ts";
import { Fastlane, fastlaneDispatcher } from "../../channels/fastlane.ts";
import { Broadcast } from "../../channels/message.ts";
import type { Subscription } from "../../channels/pubsub/dispatcher.ts";
import type { Serializer } from "../../channels/serializer/serializer.ts";
import { v2Json } from "../../channels/serializer/v2-json.ts";
import { GenServer, noReply, ok, type Pid, Runtime, silentLogger, sys } from "../../runtime/index.ts";
import { residentOf } from "../../runtime/internal.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";

/** Pids and serializers are compared only. */
const pid = (name: string): Pid => ({ name }) as unknown as Pid;

class CountingSerializer implements Serializer {
  readonly vsn = "2.0";
  encoded = 0;
  encode = v2Json.encode;
  decode = v2Json.decode;
  encodeBroadcast(broadcast: Broadcast): EncodedFrame {
    this.encoded += 1;
    return v2Json.encodeBroadcast(broadcast);
  }
}

function dispatch(rows: readonly Subscription[], from: Pid | undefined, message: unknown): [Pid, unknown][] {
  const sent: [Pid, unknown][] = [];
  fastlaneDispatcher.dispatch(rows, from, message, { send: (to, what) => sent.push([to, what]) });
  return sent;
}

const shout = new Broadcast("room:1", "shout", { body: "hi" });

describe("fastlaneDispatcher", () => {
  test("sends one frame, encoded once, to the transports of all channels", () => {
    const serializer = new CountingSerializer();
    const rows = Array.from({ length: 100 }, (_, i) => ({
      pid: pid(`channel ${i}`),
      metadata: new Fastlane({ transportPid: pid(`transport ${i}`), serializer, peer: undefined }, undefined),
    }));
    const sent = dispatch(rows, undefined, shout);
    assert.equal(serializer.encoded, 1);
    assert.deepEqual(
      sent.map(([to]) => to),
      rows.map(({ metadata }) => metadata.transportPid),
    );
    assert.equal(new Set(sent.map(([, frame]) => frame)).size, 1);
    assert.equal((sent[0]![1] as EncodedFrame).data, '[null,null,"room:1","shout",{"body":"hi"}]');
  });

  test("encodes once for each serializer, in whatever order they come", () => {
    const one = new CountingSerializer();
    const other = new CountingSerializer();
    const rows = [one, other, one, one, other].map((serializer) => ({
      pid: pid("channel"),
      metadata: new Fastlane({ transportPid: pid("transport"), serializer, peer: undefined }, undefined),
    }));
    const frames = dispatch(rows, undefined, shout).map(([, frame]) => frame);
    assert.deepEqual([one.encoded, other.encoded], [1, 1]);
    assert.equal(frames[0], frames[2]);
    assert.equal(frames[0], frames[3]);
    assert.equal(frames[1], frames[4]);
    assert.notEqual(frames[0], frames[1]);
  });

  test("encodes nothing when nobody is on the fastlane", () => {
    const unencodable = new Broadcast("room:1", "shout", { n: 1n });
    const plain = { pid: pid("plain"), metadata: undefined };
    assert.deepEqual(dispatch([plain], undefined, unencodable), [[plain.pid, unencodable]]);
  });

  test("skips the rows of the sender, even if they are on the fastlane", () => {
    const sender = pid("sender");
    const rows = [sender, sender, pid("other")].map((channel) => ({
      pid: channel,
      metadata: new Fastlane(
        { transportPid: pid("transport"), serializer: v2Json, peer: undefined },
        undefined,
      ),
    }));
    assert.equal(dispatch(rows, sender, shout).length, 1);
    assert.deepEqual(dispatch([{ pid: sender, metadata: undefined }], sender, shout), []);
  });

  test("hands an intercepted event to the channel, as it is", () => {
    const channel = pid("channel");
    const metadata = new Fastlane(
      { transportPid: pid("transport"), serializer: v2Json, peer: undefined },
      new Set(["shout"]),
    );
    assert.deepEqual(dispatch([{ pid: channel, metadata }], undefined, shout), [[channel, shout]]);
    const other = new Broadcast("room:1", "other", {});
    assert.equal(dispatch([{ pid: channel, metadata }], undefined, other)[0]![0], metadata.transportPid);
  });

  describe("of a transport process that is at rest", () => {
    /** A transport process, and what has come to it and past it. */
    class Transport extends GenServer<unknown[]> {
      readonly appended: unknown[] = [];
      isFull = false;
      readonly peer = {
        append: (frame: EncodedFrame): boolean => {
          if (!this.isFull) this.appended.push(frame.data);
          return !this.isFull;
        },
        push: () => {},
        handled: () => {},
        bytesRead: 0,
      };
      init() {
        return ok([]);
      }
      override handleInfo(message: unknown) {
        this.state.push(message instanceof EncodedFrame ? message.data : message);
        return noReply();
      }
    }

    const data = '[null,null,"room:1","shout",{"body":"hi"}]';

    async function started(): Promise<{
      runtime: Runtime;
      pid: Pid;
      transport: Transport;
      shouted: () => void;
    }> {
      const runtime = await Runtime.start({ logger: silentLogger });
      const pid = await runtime.start(Transport, undefined);
      const transport = residentOf(pid)!.instance as Transport;
      const metadata = new Fastlane(
        { transportPid: pid, serializer: v2Json, peer: transport.peer },
        undefined,
      );
      const rows = [{ pid, metadata }];
      return {
        runtime,
        pid,
        transport,
        shouted: () => fastlaneDispatcher.dispatch(rows, undefined, shout, runtime),
      };
    }

    test("hands the frame to its peer without a turn of it, each in order", async () => {
      const { runtime, transport, shouted } = await started();
      shouted();
      shouted();
      assert.deepEqual(transport.appended, [data, data]);
      await settle(runtime);
      assert.deepEqual(transport.state, []);
      await runtime.shutdown();
    });

    test("but behind all that it has been sent before, and where its peer would have to do more", async () => {
      const { runtime, pid, transport, shouted } = await started();
      runtime.send(pid, "before");
      shouted();
      await settle(runtime);
      assert.deepEqual(transport.state, ["before", data]);
      transport.isFull = true;
      shouted();
      await settle(runtime);
      assert.deepEqual(transport.state, ["before", data, data]);
      assert.deepEqual(transport.appended, []);
      await runtime.shutdown();
    });

    test("but not past sys, and not while it is suspended", async () => {
      const { runtime, pid, transport, shouted } = await started();
      await sys.suspend(runtime, pid);
      shouted();
      await settle(runtime);
      assert.deepEqual([transport.state, transport.appended], [[], []]);
      await sys.resume(runtime, pid);
      await runInProcess(runtime, async (self) => {
        self.suspendProcess(pid);
        shouted();
        await settle(runtime);
        assert.deepEqual([transport.state, transport.appended], [[data], []]);
        self.resumeProcess(pid);
      });
      await settle(runtime);
      assert.deepEqual([transport.state, transport.appended], [[data, data], []]);
      await runtime.shutdown();
    });

    test("and hands nothing to the peer of a dead one", async () => {
      const { runtime, pid, transport, shouted } = await started();
      runtime.exit(pid, "kill");
      await settle(runtime);
      shouted();
      assert.deepEqual(transport.appended, []);
      await runtime.shutdown();
    });
  });

  test("hands the broadcast itself to processes that subscribed on their own", () => {
    const process = pid("process");
    assert.deepEqual(dispatch([{ pid: process, metadata: { any: "thing" } }], undefined, shout), [
      [process, shout],
    ]);
  });

  test("hands what is no broadcast to everybody, as it is", () => {
    const channel = pid("channel");
    const metadata = new Fastlane(
      { transportPid: pid("transport"), serializer: v2Json, peer: undefined },
      undefined,
    );
    assert.deepEqual(dispatch([{ pid: channel, metadata }], undefined, "text"), [[channel, "text"]]);
    assert.deepEqual(dispatch([{ pid: channel, metadata }], channel, "text"), []);
  });
});
