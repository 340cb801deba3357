import { describe, expect, test } from "vitest";
import { type ExitError, noReply, type Pid, reply, sys } from "../../../runtime/index.ts";
import { Scripted } from "../scripted-server.ts";
import { A, acrossNodes, B, C, type Cluster, doer, doers } from "./cluster.ts";

const DEAD = "nobody@test";

async function serverOn(
  cluster: Cluster,
  node: string,
  script: Scripted["script"],
  notes: unknown[] = [],
): Promise<Pid> {
  const started = cluster.runtime(node, 1).start(Scripted, { ...script, notes } as never, { name: "server" });
  await cluster.settle();
  return await started;
}

/** The reason with which `promise` rejects, once everything waits. */
async function failure(cluster: Cluster, promise: Promise<unknown>): Promise<unknown> {
  const caught = promise.then(
    () => "no failure",
    (error: ExitError) => error.reason ?? error,
  );
  await cluster.settle();
  return await Promise.race([caught, Promise.resolve("nothing yet")]);
}

/** Why a call came to nothing. */
function whyNot(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => "no failure",
    (error: ExitError) => (error.reason as unknown[])[0],
  );
}

describe("what is sent to a name on another node", () => {
  test("arrives: messages, casts and calls, in order with those to the pid", async () => {
    await acrossNodes(async (cluster) => {
      const notes: unknown[] = [];
      const pid = await cluster.sent(await serverOn(cluster, B, {}, notes), [B, 1], [A, 2]);
      const dest = { name: "server", node: B };
      const answers = await cluster.run(
        A,
        async (self) => {
          self.send(dest, "by name");
          self.send(pid, "by pid");
          self.cast(dest, { cast: [1n] });
          self.cast(pid, "cast by pid");
          const one = self.call(dest, "call by name");
          return [await one, await self.call(pid, "call by pid")];
        },
        2,
      );
      expect(answers).toEqual(["call by name", "call by pid"]);
      expect(notes).toEqual([
        ["info", "by name"],
        ["info", "by pid"],
        ["cast", { cast: [1n] }],
        ["cast", "cast by pid"],
        ["call", "call by name"],
        ["call", "call by pid"],
      ]);
    });
  });

  test("is for whoever has the name when it arrives, and dropped when nobody has it", async () => {
    await acrossNodes(async (cluster) => {
      cluster.runtime(A).send({ name: "late", node: B }, "too early");
      cluster.runtime(A).cast({ name: "late", node: B }, "too early");
      await cluster.settle();
      const { messages } = doer(cluster, B, { place: 1, name: "late" });
      await cluster.settle();
      cluster.runtime(A).send({ name: "late", node: B }, "in time");
      await cluster.settle();
      expect(messages).toEqual(["in time"]);
    }, 2);
  });

  test("may come later, by a timer", async () => {
    await acrossNodes(async (cluster) => {
      const { messages } = doer(cluster, B, { place: 1, name: "receiver" });
      const sender = doer(cluster, A, { place: 2 });
      await cluster.settle();
      const dest = { name: "receiver", node: B };
      sender.do((self) => {
        self.sendAfter(10, dest, "after");
        self.cancelTimer(self.sendAfter(10, dest, "never"));
        self.sendInterval(20, dest, "again");
        self.sendAfter(10, dest, () => {});
      });
      await cluster.nodes[A]!.advance(45);
      await cluster.settle();
      expect(messages).toEqual(["after", "again", "again"]);
    }, 2);
  });

  test("on the own node is for the name here", async () => {
    await acrossNodes(async (cluster) => {
      const notes: unknown[] = [];
      await serverOn(cluster, A, {}, notes);
      const answer = await cluster.run(A, async (self) => {
        self.send({ name: "nobody", node: A }, "dropped");
        self.send({ name: "server", node: A }, "message");
        return await self.call({ name: "server", node: A }, "call");
      });
      expect([answer, notes]).toEqual([
        "call",
        [
          ["info", "message"],
          ["call", "call"],
        ],
      ]);
    }, 2);
  });

  test("on a node that can't be reached is dropped, and a call fails with nodedown (160)", async () => {
    await acrossNodes(async (cluster) => {
      const { runtime } = cluster.nodes[A]!;
      const dest = { name: "server", node: DEAD };
      runtime.send(dest, "m");
      runtime.cast(dest, "m");
      const why = ["nodedown", DEAD];
      expect(await failure(cluster, runtime.call(dest, "m", 50))).toEqual([
        why,
        ["GenServer", "call", [dest, "m", 50]],
      ]);
      const stopped = [dest, "normal", Number.POSITIVE_INFINITY];
      expect(await failure(cluster, runtime.stop(dest))).toEqual([
        [why, ["sys", "terminate", stopped]],
        ["GenServer", "stop", stopped],
      ]);
      expect(await failure(cluster, sys.getState(runtime, dest))).toEqual([
        why,
        ["sys", "get_state", [dest]],
      ]);
      const code = cluster.run(A, (self) => self.call(dest, "m").catch((error: ExitError) => error.code));
      expect(await code).toBe("ROOKERY_NODE_DOWN");
    }, 2);
  });

  test("that can't be copied is refused where it is sent, and those behind it arrive", async () => {
    await acrossNodes(async (cluster) => {
      const { messages } = doer(cluster, B, { name: "receiver" });
      await cluster.settle();
      const { runtime } = cluster.nodes[A]!;
      const dest = { name: "receiver", node: B };
      const refused = { code: "ROOKERY_NOT_COPYABLE", message: expect.stringContaining("message.f") };
      expect(() => runtime.send(dest, { f: () => {} })).toThrow(expect.objectContaining(refused));
      runtime.send(dest, { f: 1 });
      const call = runtime.call(dest, { f: () => {} });
      await expect(call).rejects.toMatchObject(refused);
      runtime.send(dest, { f: 2 });
      await cluster.settle();
      expect(messages).toEqual([{ f: 1 }, { f: 2 }]);
    }, 2);
  });

  test("may be large", async () => {
    await acrossNodes(async (cluster) => {
      const { near, far, farHere } = await doers(cluster);
      cluster.runtime(B, 1).register("far", far.pid);
      const large = new Uint8Array(200_000).fill(7);
      const text = "x".repeat(3_000_000);
      near.do((self) => {
        self.send({ name: "far", node: B }, [large, text]);
        self.send(farHere, [large, text, large]);
        self.send({ name: "far", node: B }, "end");
      });
      await cluster.settle();
      expect(far.messages).toEqual([[large, text], [large, text, large], "end"]);
    }, 1);
  });
});

describe("a call to another node", () => {
  test("fails with noproc where nobody has the name, and where the process is dead", async () => {
    await acrossNodes(async (cluster) => {
      const dest = { name: "nobody", node: B };
      const reason = ["noproc", ["GenServer", "call", [dest, "m", 5_000]]];
      expect(await failure(cluster, cluster.runtime(A).call(dest, "m"))).toEqual(reason);
      const { far, farHere } = await doers(cluster);
      cluster.runtime(B, 1).exit(far.pid, "kill");
      await cluster.settle();
      const why = await cluster.run(A, (self) => whyNot(self.call(farHere, "m")), 2);
      expect(why).toBe("noproc");
    });
  });

  test("fails with the reason when the server ends first, with nodedown when its node does, with timeout in time", async () => {
    await acrossNodes(async (cluster) => {
      const silent: Scripted["script"] = { call: () => noReply() };
      const server = await serverOn(cluster, B, silent);
      const runtime = cluster.runtime(A);
      const dest = { name: "server", node: B };
      const late = whyNot(runtime.call(dest, "m", 100));
      const ended = whyNot(runtime.call(dest, "m"));
      await cluster.settle();
      await cluster.nodes[A]!.advance(200);
      expect(await late).toBe("timeout");
      cluster.runtime(B, 1).exit(server, "boom");
      await cluster.settle();
      expect(await ended).toBe("boom");
      await serverOn(cluster, B, silent);
      const cut = whyNot(runtime.call(dest, "m"));
      await cluster.settle();
      // Its question who has the name is still under way.
      const asking = whyNot(runtime.call(dest, "m"));
      cluster.loop.partition(A, B);
      await cluster.settle();
      expect([await cut, await asking]).toEqual([
        ["nodedown", B],
        ["nodedown", B],
      ]);
    }, 3);
  });

  test("is answered by another process, and a late answer is dropped", async () => {
    await acrossNodes(async (cluster) => {
      let from: unknown;
      const script: Scripted["script"] = {
        call: (_server, request, caller) => {
          if (request !== "later") return reply(request);
          from = caller;
          return noReply();
        },
      };
      await serverOn(cluster, B, script);
      const dest = { name: "server", node: B };
      const call = cluster.runtime(A).call(dest, "later");
      await cluster.settle();
      cluster.runtime(B, 1).spawn((self) => self.reply(from as never, "from another" as never));
      await cluster.settle();
      expect(await call).toBe("from another");
      cluster.runtime(B, 1).reply(from as never, "again" as never);
      await cluster.settle();
      // The reference travels on to a third node, and whoever has it there may answer.
      const second = cluster.runtime(A).call(dest, "later");
      await cluster.settle();
      const fromThere = await cluster.sent(from, [B, 1], [C, 2]);
      cluster.runtime(C, 2).reply(fromThere as never, "from the third" as never);
      await cluster.settle();
      expect(await second).toBe("from the third");
    });
  });

  test("may be a request whose response is waited for", async () => {
    await acrossNodes(async (cluster) => {
      await serverOn(cluster, B, {});
      const responses = await cluster.run(A, async (self) => {
        const request = self.sendRequest({ name: "server", node: B }, "m");
        const nobody = self.sendRequest({ name: "nobody", node: B }, "m");
        const dead = self.sendRequest({ name: "server", node: DEAD }, "m");
        return [
          await self.receiveResponse(request),
          await self.receiveResponse(nobody),
          await self.receiveResponse(dead),
        ];
      });
      expect(responses).toEqual([
        { ok: true, reply: "m" },
        { ok: false, reason: "noproc", server: { name: "nobody", node: B } },
        { ok: false, reason: "noconnection", server: { name: "server", node: DEAD } },
      ]);
    });
  });

  test("of sys looks into the server, and stop ends it", async () => {
    await acrossNodes(async (cluster) => {
      const notes: unknown[] = [];
      await serverOn(cluster, B, {}, notes);
      const server = { name: "server", node: B };
      const state = cluster.run(A, (self) => sys.getState(self, server));
      expect(await state).toBe(0);
      await cluster.run(A, (self) => self.stop(server, "shutdown"));
      expect(notes.at(-1)).toEqual(["terminate", "shutdown"]);
      expect(cluster.runtime(B, 1).whereis("server")).toBeUndefined();
    }, 2);
  });
});

describe("multiCall and abcast", () => {
  test("reach the servers of a name on the nodes, and name the nodes from which nothing came", async () => {
    await acrossNodes(async (cluster) => {
      const notes: unknown[] = [];
      await serverOn(cluster, A, { call: () => reply("from a") }, notes);
      await serverOn(cluster, B, { call: () => reply("from b") }, notes);
      const all = [A, B, C, DEAD];
      const result = await cluster.run(A, (self) => {
        self.abcast(all, "server", "cast");
        return self.multiCall(all, "server", "m");
      });
      expect(result).toEqual({
        replies: [
          [A, "from a"],
          [B, "from b"],
        ],
        badNodes: [C, DEAD],
      });
      expect(notes.filter((note) => (note as string[])[0] === "cast")).toHaveLength(2);
    }, 2);
  });

  test("refuse what can't be copied, as a call does: no node is to blame for it", async () => {
    await acrossNodes(async (cluster) => {
      await serverOn(cluster, B, { call: () => reply("from b") }, []);
      const { runtime } = cluster.nodes[A]!;
      const refused = { code: "ROOKERY_NOT_COPYABLE" };
      await expect(runtime.multiCall([A, B], "server", { f: () => {} })).rejects.toMatchObject(refused);
      expect(() => runtime.abcast([A, B], "server", { f: () => {} })).toThrow(
        expect.objectContaining(refused),
      );
    }, 2);
  });
});
