import { describe, expect, test } from "vitest";
import { DownMessage, ExitMessage, type Pid, type Ref, TIMEOUT } from "../../../runtime/index.ts";
import { A, acrossNodes, B, C, doer, doers } from "./cluster.ts";

const D = "d@test";
const DEAD = "nobody@test";

describe("a monitor across nodes", () => {
  test("tells of the end with its reason, by the pid and by the name, once", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster);
      const refs: Ref[] = [];
      far.do((self) => self.register("far"));
      await cluster.settle();
      near.do((self) =>
        refs.push(self.monitor(farHere), self.monitor({ name: "far", node: B }), self.monitor(farHere)),
      );
      await cluster.settle();
      far.do((self) => self.exit(["bye", 1]));
      await cluster.settle();
      expect(near.messages).toHaveLength(3);
      expect(near.messages).toEqual(
        expect.arrayContaining([
          new DownMessage("DOWN", refs[0]!, farHere, ["bye", 1]),
          new DownMessage("DOWN", refs[1]!, { name: "far", node: B }, ["bye", 1]),
          new DownMessage("DOWN", refs[2]!, farHere, ["bye", 1]),
        ]),
      );
    });
  });

  test("of what is dead, or of a name that nobody has, tells noproc", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster);
      far.do((self) => self.exit("boom"));
      await cluster.settle();
      near.do((self) => {
        self.monitor(farHere);
        self.monitor({ name: "nobody", node: B });
      });
      await cluster.settle();
      expect(near.messages).toMatchObject([
        { process: farHere, reason: "noproc" },
        { process: { name: "nobody", node: B }, reason: "noproc" },
      ]);
    });
  });

  test("tells noconnection when the node goes, and at once when it can't be reached", async () => {
    await acrossNodes(async (cluster) => {
      const { near, farHere } = await doers(cluster);
      doer(cluster, B, { place: 1, name: "named" });
      await cluster.settle();
      near.do((self) => {
        self.monitor(farHere);
        self.monitor({ name: "named", node: B });
      });
      await cluster.settle();
      near.do((self) => {
        self.monitor({ name: "named", node: B });
        cluster.loop.partition(A, B);
      });
      await cluster.settle();
      const named = { process: { name: "named", node: B }, reason: "noconnection" };
      expect(near.messages).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ process: farHere, reason: "noconnection" }),
          expect.objectContaining(named),
          expect.objectContaining(named),
        ]),
      );
      expect(near.messages).toHaveLength(3);
      near.messages.length = 0;
      near.do((self) => {
        self.monitor(farHere);
        self.monitor({ name: "named", node: B });
        self.monitor({ name: "named", node: DEAD }, { tag: "gone" });
      });
      await cluster.settle();
      expect(near.messages).toMatchObject([
        { process: farHere, reason: "noconnection" },
        named,
        { type: "gone", process: { name: "named", node: DEAD }, reason: "noconnection" },
      ]);
    });
  });

  test("that is taken back tells nothing, also while it is asked who has the name", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster);
      far.do((self) => self.register("far"));
      await cluster.settle();
      near.do((self) => {
        self.demonitor(self.monitor(farHere));
        self.demonitor(self.monitor({ name: "far", node: B }), { flush: true });
        expect(self.demonitor(self.monitor({ name: "nobody", node: B }), { info: true })).toBe(true);
      });
      await cluster.settle();
      far.do((self) => self.exit("boom"));
      await cluster.settle();
      expect(near.messages).toEqual([]);
    });
  });

  test("comes behind what its process has sent", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere, nearThere } = await doers(cluster);
      cluster.runtime(A, 2).register("near", near.pid);
      near.do((self) => self.monitor(farHere));
      await cluster.settle();
      far.do((self) => {
        for (let i = 0; i < 50; i += 1) self.send(i % 3 === 0 ? { name: "near", node: A } : nearThere, i);
        self.exit("done");
      });
      await cluster.settle();
      expect(near.messages.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => i));
      expect(near.messages.slice(50)).toMatchObject([{ reason: "done" }]);
    });
  });

  test("of a name is one of the process that had it, whoever has it later", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far } = await doers(cluster);
      far.do((self) => self.register("far"));
      await cluster.settle();
      near.do((self) => self.monitor({ name: "far", node: B }));
      await cluster.settle();
      far.do((self) => self.unregister("far"));
      await cluster.settle();
      const second = doer(cluster, B, { name: "far" });
      await cluster.settle();
      second.do((self) => self.exit("the second"));
      await cluster.settle();
      far.do((self) => self.exit("the first"));
      await cluster.settle();
      expect(near.messages).toMatchObject([{ reason: "the first" }]);
    }, 2);
  });
});

describe("a link across nodes", () => {
  test("carries exits both ways", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere, nearThere } = await doers(cluster, { trap: true });
      near.do((self) => self.link(farHere));
      await cluster.settle();
      expect(cluster.runtime(B, 1).info(far.pid)?.links).toEqual([nearThere]);
      far.do((self) => self.exit("boom"));
      await cluster.settle();
      expect(near.messages).toEqual([new ExitMessage(farHere, "boom")]);
      const again = await doers(cluster, { trap: true });
      again.far.do((self) => self.link(again.nearThere));
      await cluster.settle();
      again.far.do((self) => self.exit(again.nearThere, "signal"));
      await cluster.settle();
      again.near.do((self) => self.exit("end"));
      await cluster.settle();
      expect(again.near.messages).toContainEqual(new ExitMessage(again.farHere, "signal"));
      expect(again.far.messages).toEqual([new ExitMessage(again.nearThere, "end")]);
    });
  });

  test("ends both with noconnection when the nodes lose each other", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere, nearThere } = await doers(cluster, { trap: true });
      const plain = await doers(cluster);
      plain.near.do((self) => self.link(plain.farHere));
      near.do((self) => self.link(farHere));
      await cluster.settle();
      cluster.loop.partition(A, B);
      await cluster.settle();
      expect(near.messages).toEqual([new ExitMessage(farHere, "noconnection")]);
      expect(far.messages).toEqual([new ExitMessage(nearThere, "noconnection")]);
      expect(cluster.runtime(A, 2).isAlive(plain.near.pid)).toBe(false);
      expect(cluster.runtime(B, 1).isAlive(plain.far.pid)).toBe(false);
    });
  });

  test("to the dead, or to what can't be reached, is an exit signal", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster, { trap: true });
      const plain = doer(cluster, A, { place: 2 });
      far.do((self) => self.exit("boom"));
      await cluster.settle();
      near.do((self) => self.link(farHere));
      await cluster.settle();
      cluster.loop.partition(A, B);
      await cluster.settle();
      near.do((self) => self.link(farHere));
      plain.do((self) => self.link(farHere));
      await cluster.settle();
      expect(near.messages).toEqual([
        new ExitMessage(farHere, "noproc"),
        new ExitMessage(farHere, "noconnection"),
      ]);
      expect(cluster.runtime(A, 2).isAlive(plain.pid)).toBe(false);
    });
  });

  test("that is taken back carries nothing any more", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster);
      near.do((self) => self.link(farHere));
      await cluster.settle();
      near.do((self) => self.unlink(farHere));
      await cluster.settle();
      far.do((self) => self.exit("boom"));
      await cluster.settle();
      expect(cluster.runtime(A, 2).isAlive(near.pid)).toBe(true);
    });
  });
});

describe("exit signals across nodes", () => {
  test("kill can't be trapped, and others reach a name, too", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster, { trap: true });
      near.do((self) => {
        self.exit(farHere, "trapped");
        self.monitor(farHere);
      });
      await cluster.settle();
      expect(far.messages).toMatchObject([{ type: "EXIT", reason: "trapped" }]);
      near.do((self) => self.exit(farHere, "kill"));
      await cluster.settle();
      expect(near.messages).toMatchObject([{ type: "DOWN", reason: "killed" }]);
      const named = doer(cluster, B, { place: 1, name: "named" });
      await cluster.settle();
      cluster.runtime(A).exit({ name: "named", node: B }, "boom");
      await cluster.settle();
      expect(cluster.runtime(B, 1).isAlive(named.pid)).toBe(false);
    });
  });
});

describe("aliases across nodes", () => {
  test("take one reply, or messages until they are taken back", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster);
      const refs: Ref[] = [];
      far.do(async (self) => {
        const [once, often] = (await self.receive()) as Ref[];
        for (const message of [1, 2, 3]) {
          self.send(once!, ["once", message]);
          self.send(often!, ["often", message]);
        }
      });
      near.do((self) => {
        refs.push(self.alias({ reply: true }), self.alias());
        self.send(farHere, refs);
      });
      await cluster.settle();
      expect(near.messages).toEqual([
        ["once", 1],
        ["often", 1],
        ["often", 2],
        ["often", 3],
      ]);
    });
  });
});

describe("monitorNode and monitorNodes", () => {
  test("tell as often as was asked for; monitorNode of one loss only", async () => {
    await acrossNodes(async (cluster) => {
      const watcher = doer(cluster, A, { place: 2 });
      const up = { type: "nodeup", node: B };
      const down = { type: "nodedown", node: B };
      watcher.do((self) => {
        for (const flag of [true, true, true, false]) self.monitorNode(B, flag);
        self.monitorNode(A, true);
        self.monitorNodes(true);
        self.monitorNodes(true);
      });
      await cluster.settle();
      cluster.loop.partition(A, B);
      await cluster.settle();
      expect(watcher.messages.splice(0)).toEqual([down, down, down, down]);
      cluster.loop.heal(A, B);
      await cluster.settle();
      expect(watcher.messages.splice(0)).toEqual([up, up]);
      watcher.do((self) => self.monitorNodes(false));
      await cluster.settle();
      cluster.loop.partition(A, B);
      await cluster.settle();
      expect(watcher.messages).toEqual([]);
    });
  });

  test("monitorNode of what can't be reached tells at once", async () => {
    await acrossNodes(async (cluster) => {
      const told = await cluster.run(A, async (self) => {
        self.monitorNode(DEAD, true);
        self.monitorNode(DEAD, false);
        return [await self.receive(), await self.receive(undefined, { timeoutMs: 0 })];
      });
      expect(told).toEqual([{ type: "nodedown", node: DEAD }, TIMEOUT]);
    }, 2);
  });

  test("nodes() has who can be reached, on every shard", async () => {
    await acrossNodes(async (cluster) => {
      expect(cluster.runtime(A, 2).nodes().sort()).toEqual([B, C]);
      cluster.loop.partition(A, C);
      await cluster.settle();
      expect([cluster.runtime(A).nodes(), cluster.runtime(C, 1).nodes()]).toEqual([[B], [B]]);
      await cluster.nodes[B]!.runtime.shutdown();
      await cluster.settle();
      expect([cluster.runtime(A, 1).nodes(), cluster.runtime(C).nodes()]).toEqual([[], []]);
    });
  });
});

describe("pids of other nodes", () => {
  test("are one object on each shard, printed with their node, and come home as themselves", async () => {
    await acrossNodes(async (cluster) => {
      const { far, farHere } = await doers(cluster);
      const again = await cluster.sent(far.pid, [B, 1], [A, 2]);
      expect(again).toBe(farHere);
      expect(String(farHere)).toBe(`<${B}${String(far.pid).replace("<", ".")}`);
      expect([cluster.runtime(A).nodeOf(farHere), cluster.runtime(B).nodeOf(far.pid)]).toEqual([B, B]);
      expect(await cluster.sent(farHere, [A, 2], [B, 1])).toBe(far.pid);
      // By way of another shard, and of a third node.
      const atFirst = await cluster.sent(farHere, [A, 2], [A, 0]);
      expect(await cluster.sent(atFirst, [A, 0], [A, 2])).toBe(farHere);
      const atThird = await cluster.sent(atFirst, [A, 0], [C, 1]);
      expect(String(atThird)).toBe(String(farHere));
      expect(await cluster.sent(atThird, [C, 1], [B, 1])).toBe(far.pid);
      expect(await cluster.sent(atThird, [C, 1], [A, 2])).toBe(farHere);
    });
  });

  test("that came by way of a third node are talked to, watched, and found dead", async () => {
    await acrossNodes(async (cluster) => {
      const { far, farHere } = await doers(cluster);
      const third = doer(cluster, C, { place: 1 });
      const atThird = await cluster.sent(farHere, [A, 2], [C, 1]);
      third.do((self) => {
        self.monitor(atThird);
        self.send(atThird, "hello");
      });
      await cluster.settle();
      expect(far.messages).toEqual(["hello"]);
      far.do((self) => self.exit("boom"));
      await cluster.settle();
      expect(third.messages).toMatchObject([{ process: atThird, reason: "boom" }]);
      expect(cluster.runtime(C, 1).isAlive(atThird)).toBe(false);
      expect(cluster.runtime(A, 2).isAlive(farHere)).toBe(false);
    });
  });

  test("of a node that only others reach are dead until it can be reached here", async () => {
    await acrossNodes(async (cluster) => {
      cluster.loop.partition(B, D);
      await cluster.start(D);
      await cluster.settle();
      const { far, farHere } = await doers(cluster);
      const watcher = doer(cluster, D, { place: 1 });
      const pid = await cluster.sent(farHere, [A, 2], [D, 1]);
      expect(String(pid)).toBe(String(farHere));
      watcher.do((self) => {
        self.send(pid, "lost");
        self.monitor(pid);
      });
      await cluster.settle();
      expect(far.messages).toEqual([]);
      expect(watcher.messages.splice(0)).toMatchObject([{ process: pid, reason: "noconnection" }]);
      cluster.loop.heal(B, D);
      await cluster.settle();
      expect(await cluster.sent(far.pid, [B, 1], [D, 1])).toBe(pid);
      watcher.do((self) => {
        self.send(pid, "reached");
        self.monitor(pid);
      });
      await cluster.settle();
      far.do((self) => self.exit("boom"));
      await cluster.settle();
      expect(far.messages).toEqual(["reached"]);
      expect(watcher.messages).toMatchObject([{ process: pid, reason: "boom" }]);
    });
  });

  test("of a connection that others still have are told anew after it was lost here", async () => {
    await acrossNodes(async (cluster) => {
      const { far, farHere } = await doers(cluster);
      const third = doer(cluster, C, { place: 1 });
      await cluster.sent(farHere, [A, 2], [C, 1]);
      cluster.loop.partition(B, C);
      cluster.loop.heal(B, C);
      await cluster.settle();
      const pid = await cluster.sent(farHere, [A, 2], [C, 1]);
      third.do((self) => self.send(pid, "reached"));
      await cluster.settle();
      expect(far.messages).toEqual(["reached"]);
    });
  });

  test("stay dead when their node is lost and found, and are themselves to their own node", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster);
      cluster.loop.partition(A, B);
      cluster.loop.heal(A, B);
      await cluster.settle();
      expect(cluster.runtime(A, 2).isAlive(farHere)).toBe(false);
      near.do((self) => {
        self.send(farHere, "to a dead one");
        self.monitor(farHere);
      });
      await cluster.settle();
      expect(near.messages).toMatchObject([{ process: farHere, reason: "noproc" }]);
      expect(await cluster.sent(farHere, [A, 2], [B, 1])).toBe(far.pid);
      const elsewhere = await cluster.sent(farHere, [A, 2], [A, 0]);
      expect(await cluster.sent(elsewhere, [A, 0], [A, 2])).toBe(farHere);
      const anew: Pid = await cluster.sent(far.pid, [B, 1], [A, 2]);
      expect(anew).not.toBe(farHere);
      near.do((self) => self.send(anew, "to the living"));
      await cluster.settle();
      expect(far.messages).toEqual(["to the living"]);
    });
  });
});
