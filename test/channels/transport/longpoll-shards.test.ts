import { assert, describe, test } from "vitest";
import { broadcastTo } from "../../../channels/broadcast.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { socketSupervisor, transportsSupervisor } from "../../../channels/socket-supervisor.ts";
import { LongPollTransport } from "../../../channels/transport/longpoll.ts";
import { type Pid, silentLogger } from "../../../runtime/index.ts";
import { SeededRandom, simulateEach, type Simulation } from "../../../runtime/testing.ts";
import { DynamicSupervisor, Supervisor } from "../../../supervisors/index.ts";
import { type Answered, SECRET, serve } from "../longpoll-server.ts";
import { roomSocket } from "../room-channel.ts";
import { PUBSUB, SOCKETS } from "../test-connection.ts";

const SHARDS = 3;
const WINDOW_MS = 10_000;

const heartbeat = (ref: string): unknown[] => [null, ref, "phoenix", "heartbeat", {}];

/** A mount on each shard, each of which takes requests. */
async function mountOnAll(simulation: Simulation): Promise<LongPollTransport[]> {
  for (const runtime of simulation.runtimes) {
    const pubsub = { id: "pubsub", name: PUBSUB, nameScope: "shard", start: [PubSub] } as const;
    const children = [pubsub, socketSupervisor(SOCKETS, PUBSUB)];
    const started = runtime.start(Supervisor, { strategy: "one_for_one", children });
    await simulation.settle();
    await started;
  }
  return simulation.runtimes.map((runtime) => {
    const mount = { runtime, socket: roomSocket, name: SOCKETS, pubsub: PUBSUB, secretKeyBase: SECRET };
    return new LongPollTransport(mount);
  });
}

async function connected(
  simulation: Simulation,
  transport: LongPollTransport,
  params: string = "",
): Promise<string> {
  const opened = serve(transport, "GET", params);
  await simulation.settle();
  return `${params}&token=${encodeURIComponent(opened.value()!.token)}`;
}

const refsOf = ({ messages }: Answered): unknown[] =>
  messages.map((text) => (JSON.parse(text) as unknown[])[1]);

describe("a session on one of several shards", () => {
  test("loses no frame and mixes none up, whichever shards take its client's requests", async () => {
    await simulateEach({ runs: 30, shards: SHARDS, logger: silentLogger }, async (simulation) => {
      const transports = await mountOnAll(simulation);
      const random = new SeededRandom(simulation.seed);
      const anyone = (): LongPollTransport => transports[random.below(SHARDS)]!;
      const session = await connected(simulation, anyone());
      const sent: string[] = [];
      const got: unknown[] = [];
      while (sent.length < 60 || got.length < sent.length) {
        const polled = serve(anyone(), "GET", session);
        // Sometimes the poll is there first, sometimes the frames are, mostly they meet.
        if (random.below(3) === 0) await simulation.settle();
        if (sent.length < 60) {
          const refs = Array.from({ length: 1 + random.below(5) }, (_, index) => String(sent.length + index));
          sent.push(...refs);
          const beats = refs.map(heartbeat);
          const posted = serve(anyone(), "POST", session, beats);
          await simulation.settle();
          assert.equal(posted.value()!.status, 200);
        }
        await simulation.settle();
        assert.equal(polled.value()!.status, 200);
        got.push(...refsOf(polled.value()!));
      }
      assert.deepEqual(got, sent);
    });
  });

  test("loses no frame that comes when the window of a poll ends", async () => {
    await simulateEach({ runs: 60, shards: SHARDS, logger: silentLogger }, async (simulation) => {
      const transports = await mountOnAll(simulation);
      const random = new SeededRandom(simulation.seed);
      const anyone = (): LongPollTransport => transports[random.below(SHARDS)]!;
      const session = await connected(simulation, anyone());
      const sent: string[] = [];
      const got: unknown[] = [];
      for (let round = 0; round < 8; round += 1) {
        const polled = serve(anyone(), "GET", session);
        await simulation.settle();
        sent.push(String(round));
        const posted = serve(anyone(), "POST", session, [heartbeat(String(round))]);
        // What the timers wake stands in line with what is on its way.
        simulation.clock.advance(WINDOW_MS);
        await simulation.settle();
        assert.include([200, 204], polled.value()!.status);
        assert.equal(posted.value()!.status, 200);
        got.push(...refsOf(polled.value()!));
      }
      const last = serve(anyone(), "GET", session);
      await simulation.advance(WINDOW_MS);
      got.push(...refsOf(last.value()!));
      assert.deepEqual(got, sent);
    });
  });

  test("leaves nobody waiting, whenever it ends", async () => {
    const statuses = new Set<number>();
    await simulateEach({ runs: 60, shards: SHARDS, logger: silentLogger }, async (simulation) => {
      const transports = await mountOnAll(simulation);
      const random = new SeededRandom(simulation.seed);
      const anywhere = (): number => random.below(SHARDS);
      const session = await connected(simulation, transports[anywhere()]!, "user_id=7");
      const from = simulation.runtimes[anywhere()]!;
      const polled = serve(transports[anywhere()]!, "GET", session);
      const posted = serve(transports[anywhere()]!, "POST", session, [heartbeat("1"), heartbeat("2")]);
      const turns = random.below(30);
      from.spawn(async (self) => {
        for (let turn = 0; turn < turns; turn += 1) {
          self.send(self.pid, "go on");
          await self.receive();
        }
        broadcastTo(self, PUBSUB, "user_socket:7", "disconnect", {});
      });
      // No time passes, so nothing is answered because somebody has waited for long enough.
      await simulation.settle();
      assert.include([200, 410], polled.value()?.status);
      assert.include([200, 410], posted.value()?.status);
      statuses.add(polled.value()!.status).add(posted.value()!.status);
    });
    assert.deepEqual([...statuses].toSorted(), [200, 410]);
  });

  test("is known to be gone on each of them as soon as it is", async () => {
    await simulateEach({ runs: 10, shards: SHARDS, logger: silentLogger }, async (simulation) => {
      const transports = await mountOnAll(simulation);
      const session = await connected(simulation, transports[1]!);
      const home = simulation.runtimes[1]!;
      const asked = DynamicSupervisor.whichChildren(home, transportsSupervisor(SOCKETS));
      await simulation.settle();
      const [child] = await asked;
      home.exit(child!.pid as Pid, ["shutdown", "disconnected"]);
      await simulation.settle();
      // No time passes: nobody waits for an answer that doesn't come.
      for (const transport of transports) {
        const posted = serve(transport, "POST", session, [heartbeat("1")]);
        const polled = serve(transport, "GET", session);
        await simulation.settle();
        assert.deepEqual([posted.value()?.status, polled.value()?.status], [410, 410]);
      }
    });
  });

  test("is replaced when its shard is lost, at once for a poll that waits", async () => {
    await simulateEach({ runs: 10, shards: SHARDS, logger: silentLogger }, async (simulation) => {
      const transports = await mountOnAll(simulation);
      const session = await connected(simulation, transports[2]!);
      const waits = serve(transports[1]!, "GET", session);
      await simulation.settle();
      assert.isUndefined(waits.value());
      simulation.loseShard(2);
      await simulation.settle();
      assert.equal(waits.value()!.status, 410);
      const posted = serve(transports[0]!, "POST", session, [heartbeat("1")]);
      await simulation.settle();
      assert.equal(posted.value()!.status, 410);
    });
  });
});
