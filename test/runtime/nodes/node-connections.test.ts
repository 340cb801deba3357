import { afterEach, describe, expect, test } from "vitest";
import {
  type ExitError,
  type NodeCarrier,
  type NodeCarrierEvents,
  Runtime,
  silentLogger,
} from "../../../runtime/index.ts";
import { LoopNodes, settle } from "../../../runtime/testing.ts";
import { collector } from "../collector.ts";
import { type Report, reportingLogger } from "../reporting-logger.ts";
import { A, acrossNodes, B, C, doer, doers } from "./cluster.ts";

const OTHER = "other@host";

/** A carrier that is the network itself: the test says what comes, and sees what leaves. */
class Wire implements NodeCarrier {
  events!: NodeCarrierEvents;
  own: { readonly node: string; readonly incarnation: string } | undefined;
  stopped = 0;
  readonly #sent: string[] = [];

  async start(
    own: { readonly node: string; readonly incarnation: string },
    events: NodeCarrierEvents,
  ): Promise<void> {
    this.own = own;
    this.events = events;
  }

  send(node: string, bytes: Uint8Array): void {
    this.#sent.push(`${node} ${Buffer.from(bytes).toString("hex")}`);
  }

  async stop(): Promise<void> {
    this.stopped += 1;
  }

  /** The frames that left since the last time, without the name of the node and their lengths. */
  sent(): string[] {
    return this.#sent.splice(0).flatMap((line) => {
      const bytes = Buffer.from(line.replace(`${OTHER} `, ""), "hex");
      const frames: string[] = [];
      for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at))
        frames.push(bytes.toString("hex", at + 4, at + 4 + bytes.readUInt32BE(at)));
      return frames;
    });
  }

  /** Frames that come together. */
  receive(...frames: string[]): void {
    const bytes = frames.map((hex) => {
      const frame = Buffer.from(hex.replaceAll(" ", ""), "hex");
      return Buffer.concat([Buffer.from(hex32(frame.length), "hex"), frame]);
    });
    this.receiveBytes(Buffer.concat(bytes));
  }

  receiveBytes(bytes: Buffer, incarnation = "1"): void {
    this.events.received(OTHER, incarnation, bytes);
  }
}

const runtimes: Runtime[] = [];

async function connected(
  options: { greeted?: boolean; reports?: Report[] } = {},
): Promise<{ runtime: Runtime; wire: Wire }> {
  const wire = new Wire();
  const logger = options.reports === undefined ? silentLogger : reportingLogger(options.reports);
  const runtime = await Runtime.start({ node: "own@host", nodes: wire, logger });
  runtimes.push(runtime);
  wire.events.nodeUp(OTHER, "1");
  await settle(runtime);
  if (options.greeted === false) return { runtime, wire };
  wire.receive("00 00000007 00000001 01");
  await settle(runtime);
  wire.sent();
  return { runtime, wire };
}

afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.shutdown();
});

describe("a connection with a node", () => {
  test("is up when both have greeted and know it", async () => {
    const { runtime, wire } = await connected({ greeted: false });
    // Hello, from 1, to nobody that is known, version 1.
    expect(wire.sent()).toEqual(["00000000010000000001"]);
    wire.receive("00 00000007 00000000 01");
    await settle(runtime);
    expect(wire.sent()).toEqual(["00000000010000000701"]);
    expect(runtime.nodes()).toEqual([]);
    wire.receive("00 00000007 00000001 01");
    await settle(runtime);
    expect([runtime.nodes(), wire.sent()]).toEqual([[OTHER], []]);
  });

  test("carries a message to a name as these bytes", async () => {
    const { runtime, wire } = await connected();
    runtime.send({ name: "n", node: OTHER }, "hi");
    await settle(runtime);
    // Named, from 1, to 7, shard 0, length of the name, the name, no binaries, 8 bytes that need none before, [Message, undefined, "hi"]
    const head = (own: number, other: number): string =>
      `03 ${hex32(own)} ${hex32(other)} 00000000 00000001 6e 00000000 08000080 93 00 d40000 a26869`;
    expect(wire.sent()).toEqual([head(1, 7).replaceAll(" ", "")]);
    const { pid, messages } = collector(runtime);
    runtime.register("n", pid);
    wire.receive(head(7, 1));
    await settle(runtime);
    expect(messages).toEqual(["hi"]);
  });

  test("is begun anew when the other side has begun anew, and takes nothing of before", async () => {
    const { runtime, wire } = await connected();
    const { pid, messages } = collector(runtime);
    runtime.register("n", pid);
    runtime.spawn(async (self) => {
      self.monitorNodes(true);
      for (;;) self.send(pid, await self.receive());
    });
    await settle(runtime);
    wire.receive("00 00000008 00000000 01");
    await settle(runtime);
    expect(wire.sent()).toEqual(["00000000020000000801"]);
    wire.receive(
      "03 00000007 00000001 00000000 00000001 6e 00000000 08000080 93 00 d40000 a26869",
      "00 00000008 00000002 01",
    );
    await settle(runtime);
    const anew = [
      { type: "nodedown", node: OTHER },
      { type: "nodeup", node: OTHER },
    ];
    expect(messages).toEqual(anew);
    for (const ids of ["00000007 00000002", "00000008 00000001"])
      wire.receive(`03 ${ids} 00000000 00000001 6e 00000000 08000080 93 00 d40000 a26869`);
    await settle(runtime);
    expect(messages).toEqual(anew);
    wire.receive("03 00000008 00000002 00000000 00000001 6e 00000000 08000080 93 00 d40000 a26869");
    await settle(runtime);
    expect(messages).toEqual([...anew, "hi"]);
  });

  test("hears nothing of an incarnation that is not up", async () => {
    const { runtime, wire } = await connected();
    wire.receiveBytes(Buffer.from("0000000a00000000090000000001", "hex"), "2");
    wire.events.nodeDown(OTHER, "2");
    await settle(runtime);
    expect([runtime.nodes(), wire.sent()]).toEqual([[OTHER], []]);
    wire.events.nodeUp(OTHER, "2");
    await settle(runtime);
    expect([runtime.nodes(), wire.sent()]).toEqual([[], ["00000000020000000001"]]);
  });

  test("with another node of the own name is not made", async () => {
    const reports: Report[] = [];
    const { runtime, wire } = await connected({ reports });
    wire.events.nodeUp("own@host", "other");
    await settle(runtime);
    expect([runtime.nodes(), wire.sent()]).toEqual([[OTHER], []]);
    expect(reports).toHaveLength(1);
  });

  test("with what does not speak as nodes do is not made, and it is not answered", async () => {
    const { runtime, wire } = await connected({ greeted: false });
    wire.sent();
    for (const bytes of ["", "ff", "00 00000007 00000001 02", "01 00000007 00000001"]) wire.receive(bytes);
    await settle(runtime);
    expect([runtime.nodes(), wire.sent()]).toEqual([[], []]);
  });
});

function hex32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

describe("what can't be understood", () => {
  test.each([
    ["a batch that is cut off", "01 00000007 00000001 00000000 00000000 09000000 00"],
    ["a batch that claims to be huge", "01 00000007 00000001 00000000 00000000 ffffff7f 00"],
    ["no msgpack", "01 00000007 00000001 00000000 00000000 02000000 c1c1"],
    [
      "a pid of a node that was not mentioned",
      "01 00000007 00000001 00000000 00000000 0c000000 00 01 c7 07 01 92 ce 05000000 01",
    ],
    ["a start", "01 00000007 00000001 00000000 00000000 05000000 94 0d 01 80 c0"],
    ["what shards say", "01 00000007 00000001 00000000 00000000 06000000 94 11 a1 6e c0 c0"],
    ["binaries that are cut off", "03 00000007 00000001 00000000 00000001 6e 00000001 000000ff 00"],
    ["two signals to a name", "03 00000007 00000001 00000000 00000001 6e 00000000 02000080 00 01"],
    ["an impossible shard", "01 00000007 00000001 ffffffff 00000000 01000000 00"],
    ["a frame of another kind", "09 00000007 00000001"],
  ])("breaks the connection, and both begin anew: %s", async (_what, frame) => {
    const reports: Report[] = [];
    const { runtime, wire } = await connected({ reports });
    wire.receive(frame);
    await settle(runtime);
    expect([runtime.nodes(), wire.sent()]).toEqual([[], ["00000000020000000001"]]);
    expect(reports).toHaveLength(1);
    wire.receive("00 00000008 00000002 01");
    await settle(runtime);
    expect(runtime.nodes()).toEqual([OTHER]);
  });

  test("also where frames are cut off", async () => {
    const { runtime, wire } = await connected();
    wire.receiveBytes(Buffer.from("0000000a00", "hex"));
    await settle(runtime);
    expect([runtime.nodes(), wire.sent()]).toEqual([[], ["00000000020000000001"]]);
  });

  test("for a shard that is not there, it is said so", async () => {
    const { runtime, wire } = await connected();
    wire.receive("01 00000007 00000001 00000000 00000005 00");
    await settle(runtime);
    expect(wire.sent()).toEqual(["05000000010000000700000005"]);
  });
});

describe("a node that one side believed to be gone", () => {
  test("is found again by both, and what was watched is lost for both", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere, nearThere } = await doers(cluster, { trap: true });
      near.do((self) => self.link(farHere));
      await cluster.settle();
      cluster.loop.blink(A, B);
      await cluster.settle();
      expect(near.messages).toMatchObject([{ type: "EXIT", pid: farHere, reason: "noconnection" }]);
      expect(far.messages).toMatchObject([{ type: "EXIT", pid: nearThere, reason: "noconnection" }]);
      expect([cluster.runtime(A).nodes().sort(), cluster.runtime(B).nodes().sort()]).toEqual([
        [B, C],
        [A, C],
      ]);
      const anew = await cluster.sent(far.pid, [B, 1], [A, 2]);
      near.do((self) => self.send(anew, "reached"));
      await cluster.settle();
      expect(far.messages.at(-1)).toBe("reached");
    });
  });

  test("is another one when it was started again", async () => {
    await acrossNodes(async (cluster) => {
      const { near, farHere } = await doers(cluster);
      near.do((self) => {
        self.monitor(farHere);
        self.monitorNodes(true);
      });
      await cluster.settle();
      cluster.loop.lose(B);
      const old = cluster.nodes[B]!;
      await cluster.start(B);
      await cluster.settle();
      expect(near.messages).toMatchObject([
        { type: "DOWN", reason: "noconnection" },
        { type: "nodedown", node: B },
        { type: "nodeup", node: B },
      ]);
      const fresh = doer(cluster, B, { name: "fresh" });
      await cluster.settle();
      near.do((self) => {
        self.send(farHere, "to the dead");
        self.send({ name: "fresh", node: B }, "to the living");
      });
      await cluster.settle();
      expect(fresh.messages).toEqual(["to the living"]);
      await old[Symbol.asyncDispose]();
    });
  });
});

describe("a shard of a node", () => {
  test("that is lost is noconnection to other nodes, and the one in its place is new", async () => {
    await acrossNodes(async (cluster) => {
      const simulation = cluster.nodes[B]!;
      if (simulation.runtimes.length === 1) return;
      const { near, farHere } = await doers(cluster);
      const untouched = doer(cluster, B, { place: 0, name: "untouched" });
      const third = doer(cluster, C, { place: 1 });
      const thirdHere = await cluster.sent(third.pid, [C, 1], [A, 2]);
      const thirdThere = await cluster.sent(thirdHere, [A, 2], [B, 0]);
      await cluster.settle();
      let why: unknown;
      near.do((self) => {
        self.monitor(farHere);
        self.monitor({ name: "untouched", node: B });
        const call = self.call(farHere, "never answered");
        call.catch((error: ExitError) => (why = (error.reason as unknown[])[0]));
      });
      await cluster.settle();
      simulation.loseShard(1);
      await cluster.settle();
      // Its node is not down.
      expect(why).toBe("noconnection");
      expect(near.messages).toMatchObject([{ process: farHere, reason: "noconnection" }]);
      near.messages.length = 0;
      await simulation.startShard(1);
      await cluster.settle();
      const fresh = doer(cluster, B, { place: 1, name: "fresh", trap: true });
      await cluster.settle();
      expect(simulation.runtimes[1]!.nodes().sort()).toEqual([A, C]);
      // It has learned what the others had been told of further nodes.
      expect(await cluster.sent(thirdThere, [B, 0], [B, 1])).toBe(
        await cluster.sent(thirdHere, [A, 2], [B, 1]),
      );
      expect(await cluster.sent(await cluster.sent(farHere, [A, 2], [A, 0]), [A, 0], [A, 2])).toBe(farHere);
      const nearThere = await cluster.sent(near.pid, [A, 2], [B, 1]);
      expect(await cluster.sent(nearThere, [B, 1], [A, 2])).toBe(near.pid);
      fresh.do((self) => self.send(nearThere, "from the new shard"));
      near.do((self) => self.send({ name: "fresh", node: B }, "to the new shard"));
      await cluster.settle();
      expect([near.messages, fresh.messages]).toEqual([["from the new shard"], ["to the new shard"]]);
      // Of the lost one nobody hears any more.
      near.do((self) => {
        self.send(farHere, "m");
        self.monitor(farHere);
      });
      await cluster.settle();
      expect(near.messages.at(-1)).toMatchObject({ process: farHere, reason: "noproc" });
      expect(untouched.messages).toEqual([]);
    });
  });

  test("that begins when a node has come and gone more than once knows its processes as the other shards do", async () => {
    await acrossNodes(async (cluster) => {
      const simulation = cluster.nodes[A]!;
      if (simulation.runtimes.length === 1) return;
      const there = await cluster.sent(doer(cluster, C).pid, [C, 0], [B, 0]);
      for (const change of ["partition", "heal", "partition"] as const) {
        cluster.loop[change](A, C);
        await cluster.settle();
      }
      simulation.loseShard(1);
      await cluster.settle();
      await simulation.startShard(1);
      await cluster.settle();
      const atFirst = await cluster.sent(there, [B, 0], [A, 0]);
      const atNew = await cluster.sent(there, [B, 0], [A, 1]);
      expect(await cluster.sent(atFirst, [A, 0], [A, 1])).toBe(atNew);
    }, 2);
  });

  test("that is lost while it is asked who has a name there leaves nobody waiting", async () => {
    await acrossNodes(async (cluster) => {
      const simulation = cluster.nodes[B]!;
      if (simulation.runtimes.length === 1) return;
      doer(cluster, B, { place: 1, name: "named" });
      await cluster.settle();
      const near = doer(cluster, A, { place: 2 });
      // The question has been handed on to the shard, which is gone before it reads it.
      const line = simulation.runtime.shard.interconnect!.peer(1)!;
      const handOn = line.sendSaid.bind(line);
      line.sendSaid = (name, head, body) => {
        handOn(name, head, body);
        if ((head as string[])[0] === "named") simulation.loseShard(1);
      };
      near.do((self) => self.monitor({ name: "named", node: B }));
      await cluster.settle();
      expect(near.messages).toMatchObject([
        { process: { name: "named", node: B }, reason: expect.stringMatching(/^no(proc|connection)$/) },
      ]);
    }, 20);
  });

  test("of the own node that was lost is noconnection here, and a dead pid everywhere", async () => {
    await acrossNodes(async (cluster) => {
      const simulation = cluster.nodes[B]!;
      if (simulation.runtimes.length === 1) return;
      const { near, farHere } = await doers(cluster);
      simulation.loseShard(1);
      // Sent on before anybody has heard of it.
      const atThird = await cluster.sent(farHere, [A, 2], [C, 0]);
      await cluster.settle();
      expect(cluster.runtime(C).isAlive(atThird)).toBe(false);
      expect(cluster.runtime(A, 2).isAlive(farHere)).toBe(false);
      expect(near.messages).toEqual([]);
    });
  });
});

describe("a runtime that joins others", () => {
  test("tells its carrier its name and an incarnation of its own, and stops it once, at shutdown", async () => {
    const first = await connected();
    const second = await connected();
    expect(first.wire.own!.node).toBe("own@host");
    expect(first.wire.own!.incarnation).not.toBe(second.wire.own!.incarnation);
    await first.runtime.shutdown();
    await first.runtime.shutdown();
    expect(first.wire.stopped).toBe(1);
    first.wire.receive("00 00000009 00000000 01");
    expect(first.wire.sent()).toEqual([]);
  });

  test("is gone to the others at once when it is shut down: they hear noconnection, not of each process", async () => {
    const nodes = new LoopNodes();
    const options = { logger: silentLogger };
    const [one, other] = [
      await Runtime.start({ ...options, node: A, nodes: nodes.carrier() }),
      await Runtime.start({ ...options, node: B, nodes: nodes.carrier() }),
    ];
    runtimes.push(one, other);
    await settle(one);
    await settle(other);
    one.register("watched", collector(one).pid);
    const { pid, messages } = collector(other);
    other.spawn(async (self) => {
      self.monitor({ name: "watched", node: A });
      self.send(pid, ((await self.receive()) as { reason: unknown }).reason);
    });
    await settle(other);
    await settle(one);
    await one.shutdown();
    await settle(other);
    expect([messages, other.nodes(), one.nodes()]).toEqual([["noconnection"], [], []]);
  });

  test("ends also when its carrier can't be stopped", async () => {
    const reports: Report[] = [];
    const { runtime, wire } = await connected({ reports });
    wire.stop = () => Promise.reject(new Error("stuck"));
    await runtime.shutdown();
    expect([runtime.nodes(), reports]).toMatchObject([
      [],
      [{ message: expect.stringContaining("could not be stopped") }],
    ]);
  });

  test("does not start when its carrier doesn't, and refuses what is no node", async () => {
    const failing = new Wire();
    failing.start = () => Promise.reject(new Error("no network"));
    await expect(Runtime.start({ node: A, nodes: failing })).rejects.toThrow("no network");
    const refused = { code: "ROOKERY_BADARG" };
    await expect(Runtime.start({ nodes: new Wire() })).rejects.toMatchObject(refused);
    await expect(Runtime.start({ node: "a", nodes: new Wire() })).rejects.toMatchObject(refused);
    await expect(Runtime.start({ node: A, nodes: {} as never })).rejects.toMatchObject(refused);
    const alone = await Runtime.start({ node: A });
    runtimes.push(alone);
    expect([alone.node, alone.nodes()]).toEqual([A, []]);
    const nonode = await Runtime.start({});
    runtimes.push(nonode);
    const heard = collector(nonode);
    nonode.spawn((self) => {
      self.monitorNode(B, true);
      self.send(heard.pid, "behind it");
      void self.receive().then((message) => self.send(heard.pid, message));
      expect(() => self.monitorNode("no name", true)).toThrow(expect.objectContaining(refused));
      return self.receive();
    });
    await settle(nonode);
    expect([nonode.node, heard.messages]).toEqual([
      "nonode@nohost",
      ["behind it", { type: "nodedown", node: B }],
    ]);
  });

  test("keeps nothing of nodes that are gone", async () => {
    await acrossNodes(async (cluster) => {
      const home = (node: string) => cluster.runtime(node).shard.outside!;
      for (let round = 0; round < 3; round += 1) {
        const { near, farHere } = await doers(cluster);
        near.do((self) => {
          self.monitor(farHere);
          self.monitor({ name: "nobody", node: B });
          self.sendRequest(farHere, "m");
        });
        await cluster.settle();
        cluster.loop.partition(A, B);
        await cluster.settle();
        cluster.loop.heal(A, B);
        await cluster.settle();
        expect([home(A).kept.calls, home(B).kept.calls]).toEqual([0, 0]);
      }
    }, 2);
  });
});
