import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  type From,
  keepState,
  noReply,
  type Pid,
  reply,
  replyTo,
  type Self,
  silentLogger,
  stop,
  sys,
  TIMEOUT,
} from "../../../runtime/index.ts";
import { onProcessExit } from "../../../runtime/internal.ts";
import { type NameHolder, NameTable } from "../../../runtime/shards/name-table.ts";
import { simulate, type Simulation } from "../../../runtime/testing.ts";
import { type Report, reportingLogger } from "../reporting-logger.ts";
import { type Script as Handlers, startMachine } from "../scripted-machine.ts";
import { type Scripted, startScripted } from "../scripted-server.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { FarServer } from "./far-server.ts";
import { acrossShards, doerOn, doers, runOn, sent } from "./far.ts";

/** The pid, as shard 0 knows it, of a server on shard `place`. */
async function serverOn(
  simulation: Simulation,
  place: number,
  script: Scripted["script"],
  notes: unknown[] = [],
): Promise<Pid> {
  const started = startScripted(simulation.runtimes[place]!, script, notes);
  await simulation.settle();
  return await sent<Pid>(simulation, place, 0, await started);
}

/** What comes of `promise` while the simulation goes on for `ms`. */
async function outcome(simulation: Simulation, promise: Promise<unknown>, ms = 0): Promise<unknown> {
  const settled = promise.then(
    (value) => value,
    (error: unknown) => error,
  );
  if (ms === 0) await simulation.settle();
  else await simulation.advance(ms);
  return await Promise.race([settled, simulation.settle().then(() => "nothing yet")]);
}

describe("a call to another shard", () => {
  test("is answered, from a process and from outside, in order with messages before it", async () => {
    await acrossShards(async (simulation) => {
      const notes: unknown[] = [];
      const server = await serverOn(simulation, 1, {}, notes);
      const answers = await runOn(simulation, 0, async (self) => {
        self.send(server, "message");
        self.cast(server, "cast");
        return [await self.call(server, "one"), await self.call(server, { two: [2n] })];
      });
      expect(answers).toEqual(["one", { two: [2n] }]);
      expect(notes).toEqual([
        ["info", "message"],
        ["cast", "cast"],
        ["call", "one"],
        ["call", { two: [2n] }],
      ]);
      expect(await outcome(simulation, simulation.runtime.call(server, "three"))).toBe("three");
    });
  });

  test("fails with the reason with which the server ends, before and while it waits", async () => {
    await acrossShards(async (simulation) => {
      const server = await serverOn(simulation, 1, { call: (s) => s.self.exit("boom") });
      const failed = await outcome(simulation, simulation.runtime.call(server, "x"));
      expect(failed).toMatchObject({ code: "ROOKERY_CALL_EXIT", reason: ["boom", expect.anything()] });
      const after = await outcome(simulation, simulation.runtime.call(server, "x"));
      expect(after).toMatchObject({ reason: ["noproc", expect.anything()] });
    });
  });

  test("times out, and a reply that comes later is dropped", async () => {
    await acrossShards(async (simulation) => {
      const asked: From[] = [];
      const server = await serverOn(simulation, 1, {
        call: (_, __, from) => (asked.push(from!), noReply()),
        cast: (s) => (asked.forEach((from) => s.self.reply(from, "late")), noReply()),
      });
      const near = doerOn(simulation, 0);
      let failure: unknown;
      near.do(async (self) => {
        failure = await self.call(server, "x", 100).catch((error: unknown) => error);
      });
      await simulation.advance(100);
      expect(failure).toMatchObject({ code: "ROOKERY_CALL_TIMEOUT" });
      simulation.runtime.cast(server, "answer now");
      await simulation.settle();
      expect(near.messages).toEqual([]);
    });
  });

  test("whose caller has died is answered to nobody", async () => {
    await acrossShards(async (simulation) => {
      const asked: From[] = [];
      const server = await serverOn(simulation, 1, {
        call: (_, __, from) => (asked.push(from!), noReply()),
        cast: (s) => (asked.forEach((from) => s.self.reply(from, "late")), noReply()),
      });
      const near = doerOn(simulation, 0);
      near.do((self) => self.call(server, "x"));
      await simulation.settle();
      simulation.runtime.exit(near.pid, "kill");
      simulation.runtime.cast(server, "answer now");
      await simulation.settle();
      expect(await outcome(simulation, simulation.runtime.call(server, "y", 10), 10)).toMatchObject({
        code: "ROOKERY_CALL_TIMEOUT",
      });
    });
  });

  test("is answered by a process of a third shard to which it was handed on, once", async () => {
    await acrossShards(async (simulation) => {
      const third = doerOn(simulation, 2);
      const thirdThere = await sent(simulation, 2, 1, third.pid);
      const server = await serverOn(simulation, 1, {
        call: (s, request, from) => (s.self.send(thirdThere, [from, request]), noReply()),
      });
      const answer = simulation.runtime.call(server, "question");
      await simulation.settle();
      const [from, question] = third.messages[0] as [From, unknown];
      third.do((self) => {
        self.reply(from, `answer to ${String(question)}`);
        self.reply(from, "second");
      });
      expect(await outcome(simulation, answer)).toBe("answer to question");
    });
  });

  test("to a server of the own shard may be answered from another one", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation);
      const started = startScripted(simulation.runtime, {
        call: ({ self }, request, from) => (self.send(farHere, [from, request]), noReply()),
      });
      await simulation.settle();
      const server = await started;
      let answer: unknown;
      near.do(async (self) => {
        answer = await self.call(server, "question");
      });
      await simulation.settle();
      const [from] = far.messages[0] as [From];
      far.do((self) => self.reply(from, "answer"));
      await simulation.settle();
      expect(answer).toBe("answer");
    });
  });

  test("keeps one `from` that is the same wherever it travels and when it comes back", async () => {
    await acrossShards(async (simulation) => {
      const asked: From[] = [];
      const server = await serverOn(simulation, 1, { call: (_, __, from) => (asked.push(from!), noReply()) });
      const answer = simulation.runtime.call(server, "question");
      await simulation.settle();
      const third = await sent(simulation, 1, 2, asked[0]!);
      expect(await sent(simulation, 2, 1, third)).toBe(asked[0]);
      const home = await sent(simulation, 2, 0, third);
      simulation.runtime.reply(home, "at home");
      expect(await outcome(simulation, answer)).toBe("at home");
    });
  });

  test("with what can't be copied is refused, and says where in it; what is sent then arrives", async () => {
    await acrossShards(async (simulation) => {
      const server = await serverOn(simulation, 1, {});
      const refused = {
        code: "ROOKERY_NOT_COPYABLE",
        message: expect.stringContaining("message.list[1].run"),
      };
      const bad = { list: [1, { run: () => {} }] };
      const failures = await runOn(simulation, 0, async (self) => {
        const thrown: unknown[] = [];
        const attempts: (() => unknown)[] = [
          () => self.send(server, bad),
          () => self.cast(server, bad),
          () => self.call(server, bad),
          () => self.sendRequest(server, bad),
          () => self.sendAfter(1, server, bad),
          () => self.stop(server, bad),
        ];
        for (const attempt of attempts) {
          try {
            await attempt();
          } catch (error) {
            thrown.push(error);
          }
          expect(await self.call(server, { list: [1, { run: 2 }] })).toEqual({ list: [1, { run: 2 }] });
        }
        expect(self.info(self.pid, "monitors")).toEqual([]);
        return thrown;
      });
      expect(failures).toEqual(Array.from({ length: 6 }, () => expect.objectContaining(refused)));
      expect(await outcome(simulation, simulation.runtime.call(server, bad))).toMatchObject(refused);
      expect(await outcome(simulation, simulation.runtime.call("nobody", bad))).toMatchObject({
        code: "ROOKERY_NOPROC",
      });
    });
  });

  test("with a getter that sends there, too, is refused; what the getter has sent arrives, and what is sent then", async () => {
    await acrossShards(async (simulation) => {
      const notes: unknown[] = [];
      const server = await serverOn(simulation, 1, {}, notes);
      const refused = { code: "ROOKERY_NOT_COPYABLE", message: expect.stringContaining("getter that sends") };
      const sent: unknown[] = [];
      await runOn(simulation, 0, async (self) => {
        const say = (message: unknown): void => {
          self.send(server, message);
          sent.push(message);
        };
        for (const round of [1, 2, 3]) {
          for (const inner of [{ round }, "flat", { deep: [round] }, { [`new ${round}`]: round }]) {
            const outer = {
              round,
              get sending() {
                say(inner);
                return 1;
              },
            };
            for (const message of [outer, { deep: [outer] }, { [`outer ${round}`]: 1, outer }])
              expect(() => self.send(server, message)).toThrow(expect.objectContaining(refused));
          }
          for (const message of [{ round }, { deep: [round] }, { round, sending: 1 }, { round, sending: 2 }])
            say(message);
        }
        // It comes behind them.
        expect(await self.call(server, "heard all")).toBe("heard all");
      });
      expect(notes).toEqual([...sent.map((message) => ["info", message]), ["call", "heard all"]]);
    });
  });

  test("answered with what can't be copied ends the server alone, and tells the caller why", async () => {
    const replies: Scripted["script"][] = [
      { call: () => reply({ f: () => {} }) },
      { call: () => stop("done", { f: () => {} }) },
      { call: async () => reply({ f: () => {} }) },
      { call: (s, _, from) => (s.self.reply(from!, { f: () => {} }), noReply()) },
    ];
    for (const script of replies) {
      const reports: Report[] = [];
      const check = async (simulation: Simulation): Promise<void> => {
        const notes: unknown[] = [];
        const server = await serverOn(simulation, 1, script, notes);
        const bystander = await serverOn(simulation, 1, {});
        const failed = await outcome(simulation, simulation.runtime.call(server, "x"));
        const reason = { code: "ROOKERY_NOT_COPYABLE", message: expect.stringContaining("message.f") };
        expect(failed).toMatchObject({
          code: "ROOKERY_CALL_EXIT",
          reason: [expect.objectContaining(reason), expect.anything()],
        });
        expect(notes.at(-1)).toMatchObject(["terminate", expect.anything()]);
        expect(await outcome(simulation, simulation.runtime.call(bystander, "still here"))).toBe(
          "still here",
        );
        expect(simulation.runtime.isAlive(server)).toBe(false);
      };
      await acrossShards(check, { runs: 3, logger: reportingLogger(reports) });
      expect(reports).toEqual(
        Array.from({ length: 3 }, () => expect.objectContaining({ fields: expect.anything() })),
      );
    }
  });

  test("answered by a machine with what can't be copied ends that machine, and tells the caller why", async () => {
    const machines: Handlers[] = [
      { on: { x: (_, event) => keepState([replyTo((event as { from: From }).from, () => {})]) } },
    ];
    for (const script of machines) {
      await acrossShards(async (simulation) => {
        const notes: unknown[] = [];
        const started = startMachine(simulation.runtimes[1]!, { ...script, notes });
        await simulation.settle();
        const machine = await sent<Pid>(simulation, 1, 0, await started);
        const failed = await outcome(simulation, simulation.runtime.call(machine, "x"));
        expect(failed).toMatchObject({
          code: "ROOKERY_CALL_EXIT",
          reason: [expect.objectContaining({ code: "ROOKERY_NOT_COPYABLE" }), expect.anything()],
        });
        expect(notes.at(-1)).toMatchObject(["terminate", { code: "ROOKERY_NOT_COPYABLE" }, "a", 0]);
      });
    }
  });
});

describe("a request to another shard", () => {
  test("is answered by a message, or by the DOWN of the server", async () => {
    await acrossShards(async (simulation) => {
      const server = await serverOn(simulation, 1, {
        call: (s, request) => (request === "die" ? s.self.exit("boom") : reply(request)),
      });
      const responses = await runOn(simulation, 0, async (self) => {
        const [first, second] = [self.sendRequest(server, "hello"), self.sendRequest(server, "die")];
        return [await self.receiveResponse(first), await self.receiveResponse(second)];
      });
      expect(responses).toEqual([
        { ok: true, reply: "hello" },
        { ok: false, reason: "boom", server },
      ]);
    });
  });

  test("that was given up drops its reply", async () => {
    await acrossShards(async (simulation) => {
      const asked: From[] = [];
      const server = await serverOn(simulation, 1, { call: (_, __, from) => (asked.push(from!), noReply()) });
      const far = doerOn(simulation, 1);
      const near = doerOn(simulation, 0);
      const responses: unknown[] = [];
      near.do(async (self) => {
        responses.push(await self.receiveResponse(self.sendRequest(server, "x"), 10));
      });
      await simulation.advance(10);
      far.do((self) => self.reply(asked[0]!, "late"));
      await simulation.settle();
      expect([responses, near.messages]).toEqual([[TIMEOUT], []]);
    });
  });

  test("of any kind leaves nothing behind on either side", async () => {
    await acrossShards(
      async (simulation) => {
        const server = await serverOn(simulation, 1, {
          call: (s, request) =>
            request === "die" ? s.self.exit("boom") : request === "x" ? noReply() : reply(1),
        });
        const near = doerOn(simulation, 0);
        near.do(async (self) => {
          await self.call(server, "y");
          await self.call(server, "x", 1).catch(() => {});
          await self.receiveResponse(self.sendRequest(server, "y"));
          await self.receiveResponse(self.sendRequest(server, "x"), 1);
          self.demonitor(self.sendRequest(server, "x"));
          self.sendRequest(server, "x");
          await self.call(server, "die").catch(() => {});
        });
        await simulation.advance(10);
        expect(near.messages).toMatchObject([{ type: "DOWN", reason: "boom" }]);
        // That of a call which is over is a reference like any other.
        const asked: From[] = [];
        const local = startScripted(simulation.runtime, {
          call: (_, __, from) => (asked.push(from!), reply(1)),
        });
        await simulation.settle();
        expect(await outcome(simulation, simulation.runtime.call(await local, "x"))).toBe(1);
        await sent(simulation, 0, 1, asked);
        expect(simulation.runtime.shard.interconnect!.kept.calls).toBe(0);
      },
      { runs: 5 },
    );
  });
});

describe("sys across shards", () => {
  test("looks into a server, replaces nothing by functions, suspends, resumes and terminates it", async () => {
    await acrossShards(async (simulation) => {
      const server = await serverOn(simulation, 1, {});
      const { runtime } = simulation;
      const ask = (promise: Promise<unknown>): Promise<unknown> => outcome(simulation, promise);
      expect(await ask(sys.getState(runtime, server))).toBe(0);
      expect(await ask(sys.replaceState(runtime, server, () => 1))).toMatchObject({
        code: "ROOKERY_NOT_COPYABLE",
      });
      expect(await ask(sys.statistics(runtime, server, true))).toBe("ok");
      expect(await ask(sys.suspend(runtime, server))).toBe("ok");
      const answer = runtime.call(server, "x");
      await simulation.settle();
      expect(await ask(sys.getStatus(runtime, server))).toMatchObject({ pid: server, status: "suspended" });
      expect(await ask(sys.resume(runtime, server))).toBe("ok");
      expect(await ask(answer)).toBe("x");
      expect(await ask(sys.terminate(runtime, server, "enough"))).toBe("ok");
      expect(runtime.isAlive(server)).toBe(false);
    });
  });

  test("of a state that can't be copied fails, and the server goes on", async () => {
    await acrossShards(async (simulation) => {
      const server = await serverOn(simulation, 1, {
        cast: (s) => {
          s.state = { f: () => {} };
          return noReply();
        },
      });
      simulation.runtime.cast(server, "x");
      expect(await outcome(simulation, sys.getState(simulation.runtime, server))).toMatchObject({
        code: "ROOKERY_NOT_COPYABLE",
      });
      expect(await outcome(simulation, simulation.runtime.call(server, "on"))).toBe("on");
    });
  });
});

describe("stop across shards", () => {
  test("resolves, and exit hooks run, also where nobody else keeps the pid meanwhile", async () => {
    await acrossShards(
      async (simulation) => {
        const ended: string[] = [];
        const lasting = {
          terminate: ({ self }: { readonly self: Self }) => self.receive(() => false, { timeoutMs: 10 }),
        };
        const begin = async (): Promise<void> => {
          const server = await serverOn(simulation, 1, lasting as Scripted["script"]);
          onProcessExit(server, () => ended.push("hook"));
          void simulation.runtime.stop(server).then(() => ended.push("stop"));
        };
        await begin();
        await simulation.settle();
        for (let n = 0; n < 3; n += 1) {
          await setImmediate();
          collectGarbage();
        }
        await simulation.advance(10);
        expect(ended).toEqual(["hook", "stop"]);
        expect(simulation.runtime.shard.unowned.size).toBe(0);
      },
      { runs: 3 },
    );
  });

  test("resolves for the reason that was asked for, whatever it is made of, and for no other", async () => {
    class Own extends Error {}
    const reasons = [
      new Error("as told"),
      ["shutdown", { of: new TypeError("nested", { cause: 1 }) }],
      new Own("of a class of its own"),
      new Map([["a", new Set([1n])]]),
      new Uint8Array([1, 2]),
    ];
    await acrossShards(
      async (simulation) => {
        for (const reason of reasons) {
          const server = await serverOn(simulation, 1, {});
          expect(await outcome(simulation, simulation.runtime.stop(server, reason))).toBe(undefined);
        }
        const fails = {
          terminate: () => {
            throw new Error("as told");
          },
        };
        const server = await serverOn(simulation, 1, fails as Scripted["script"]);
        expect(
          await outcome(simulation, simulation.runtime.stop(server, new Error("as told"))),
        ).toMatchObject({ code: "ROOKERY_CALL_EXIT" });
      },
      { runs: 2 },
    );
  });

  test("ends a server behind what is in its mailbox, and resolves when it is dead", async () => {
    await acrossShards(async (simulation) => {
      const notes: unknown[] = [];
      const server = await serverOn(simulation, 1, {}, notes);
      simulation.runtime.cast(server, 1);
      expect(await outcome(simulation, simulation.runtime.stop(server, "shutdown"))).toBe(undefined);
      expect(notes).toEqual([
        ["cast", 1],
        ["terminate", "shutdown"],
      ]);
      expect(await outcome(simulation, simulation.runtime.stop(server))).toMatchObject({
        reason: ["noproc", expect.anything()],
      });
    });
  });
});

describe("an alias on another shard", () => {
  test("can be sent to until it is none, also when its owner keeps no reference to it", async () => {
    await acrossShards(
      async (simulation) => {
        const { near, far, farHere } = await doers(simulation);
        near.do((self) => self.send(farHere, self.alias()));
        await simulation.settle();
        collectGarbage();
        const [alias] = far.messages as [From];
        far.do((self) => self.send(alias, 1));
        far.do((self) => self.send(alias, 2));
        await simulation.settle();
        expect(near.messages).toEqual([1, 2]);
        const home = await sent(simulation, 1, 0, alias);
        near.do((self) => self.unalias(home));
        await simulation.settle();
        far.do((self) => self.send(alias, 3));
        await simulation.settle();
        expect(near.messages).toEqual([1, 2]);
      },
      { runs: 5 },
    );
  });

  test("ends as its kind says: with one reply, with demonitor, with the DOWN, or with neither", async () => {
    await acrossShards(async (simulation) => {
      const near = doerOn(simulation, 0);
      const far = doerOn(simulation, 1);
      const victim = doerOn(simulation, 1);
      const [farHere, victimHere] = [
        await sent(simulation, 1, 0, far.pid),
        await sent(simulation, 1, 0, victim.pid),
      ];
      near.do((self) => {
        const monitor = (alias: "explicit_unalias" | "demonitor" | "reply_demonitor") =>
          self.monitor(victimHere, { alias });
        const refs = [monitor("explicit_unalias"), monitor("demonitor"), monitor("reply_demonitor")];
        self.send(farHere, [self.alias({ reply: true }), ...refs]);
      });
      await simulation.settle();
      const aliases = far.messages[0] as From[];
      const tell = (text: string) =>
        far.do((self) => aliases.forEach((ref, at) => self.send(ref, `${text} ${at}`)));
      tell("first");
      await simulation.settle();
      expect(near.messages).toEqual(["first 0", "first 1", "first 2", "first 3"]);
      victim.do((self) => self.exit("boom"));
      await simulation.settle();
      // The one that was good for a reply is no monitor any more.
      expect(near.messages.slice(4)).toMatchObject([{ type: "DOWN" }, { type: "DOWN" }]);
      tell("second");
      await simulation.settle();
      expect(near.messages.slice(6)).toEqual(["second 1"]);
    });
  });
});

describe("a timer to another shard", () => {
  test("sends its message when it is due, to a pid, a name and an alias", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, nearThere, farHere } = await doers(simulation);
      near.do((self) => {
        self.register("near");
        self.sendAfter(10, farHere, "to a pid");
        self.startTimer(20, farHere, "with its reference");
        self.send(farHere, self.alias());
      });
      await simulation.settle();
      const [alias] = far.messages as [From];
      far.do((self) => {
        self.sendAfter(5, "near", "to a name");
        self.sendAfter(6, alias, "to an alias");
        self.sendAfter(7, nearThere, "to a pid");
      });
      await simulation.advance(20);
      expect(near.messages).toEqual(["to a name", "to an alias", "to a pid"]);
      expect(far.messages.slice(1)).toMatchObject([
        "to a pid",
        { type: "timeout", message: "with its reference" },
      ]);
    });
  });

  test("ends with the process it is for", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation);
      let left: unknown;
      near.do(async (self) => {
        const ref = self.sendAfter(1_000, farHere, "x");
        self.sendInterval(10, farHere, "tick");
        await self.receive((message) => message === "far is dead");
        left = self.cancelTimer(ref);
      });
      await simulation.advance(35);
      expect(far.messages).toEqual(["tick", "tick", "tick"]);
      simulation.runtimes[1]!.exit(far.pid, "boom");
      await simulation.settle();
      simulation.runtime.send(near.pid, "far is dead");
      await simulation.settle();
      expect(left).toBe(false);
      await simulation.advance(100);
      expect(simulation.clock.nextTimerMs()).toBe(undefined);
    });
  });

  test("whose message can't go to who has the name by then is reported", async () => {
    const reports: Report[] = [];
    await acrossShards(
      async (simulation) => {
        const far = doerOn(simulation, 1);
        simulation.runtime.sendAfter(10, "later", { f: () => {} });
        far.do((self) => self.register("later"));
        await simulation.advance(10);
        expect(far.messages).toEqual([]);
      },
      { runs: 1, logger: reportingLogger(reports) },
    );
    expect(reports).toMatchObject([{ fields: { error: { code: "ROOKERY_NOT_COPYABLE" } } }]);
  });
});

describe("a name", () => {
  test("is one in the whole runtime: of those who want it at once, one gets it, and its death frees it", async () => {
    await acrossShards(async (simulation) => {
      const wanting = [0, 1, 2].map((place) => doerOn(simulation, place));
      const got: number[] = [];
      const refused: unknown[] = [];
      for (const [place, doer] of wanting.entries())
        doer.do((self) => {
          try {
            self.register("leader");
            got.push(place);
          } catch (error) {
            refused.push((error as { code: unknown }).code);
          }
        });
      await simulation.settle();
      expect(got.length).toBe(1);
      expect(refused).toEqual(["ROOKERY_NAME_TAKEN", "ROOKERY_NAME_TAKEN"]);
      const leader = wanting[got[0]!]!;
      for (const [place, runtime] of simulation.runtimes.entries()) {
        expect(String(runtime.whereis("leader"))).toBe(String(leader.pid));
        runtime.send("leader", place);
      }
      await simulation.settle();
      expect(new Set(leader.messages)).toEqual(new Set([0, 1, 2]));
      leader.do((self) => self.exit("boom"));
      await simulation.settle();
      expect(simulation.runtimes.map((runtime) => runtime.whereis("leader"))).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      wanting[(got[0]! + 1) % 3]!.do((self) => self.register("leader"));
      await simulation.settle();
      expect(simulation.runtime.whereis("leader")?.shard).toBe((got[0]! + 1) % 3);
    });
  });

  test("that a server is started under while another shard has it for a moment only is its own in the end", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2, logger: silentLogger });
    const { interconnect } = simulation.runtime.shard;
    const elsewhere = new NameTable(NameTable.memory({ buckets: 4 }), 1);
    class TakenForAMoment extends NameTable {
      #claims = 0;
      override claim(name: string, shard: number, id: number): NameHolder | undefined {
        this.#claims += 1;
        if (this.#claims > 1) return super.claim(name, shard, id);
        elsewhere.claim(name, 1, 7);
        const holder = super.claim(name, shard, id);
        elsewhere.release(name, 1, 7);
        return holder;
      }
    }
    interconnect!.shareNames(new TakenForAMoment(elsewhere.memory, 0));
    const started = simulation.runtime.start(FarServer, undefined, { name: "job" });
    await simulation.settle();
    expect(simulation.runtime.whereis("job")).toBe(await started);
  });

  test("is free for whoever hears of the end of its holder", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation);
      far.do((self) => self.register("job"));
      await simulation.settle();
      let taken: unknown = "not yet";
      near.do(async (self) => {
        self.monitor(farHere);
        await self.receive();
        self.register("job");
        taken = self.whereis("job");
      });
      far.do((self) => self.exit("boom"));
      await simulation.settle();
      expect(taken).toBe(near.pid);
    });
  });
});

describe("a pid", () => {
  test("is the same one wherever it comes from, of the living and of the dead", async () => {
    await acrossShards(async (simulation) => {
      const { near, far, farHere } = await doers(simulation);
      for (const state of ["alive", "dead"]) {
        const byThird = await sent(simulation, 1, 2, far.pid);
        expect(await sent(simulation, 2, 0, byThird)).toBe(farHere);
        expect(await sent(simulation, 2, 1, byThird)).toBe(far.pid);
        const others = [doerOn(simulation, 1), doerOn(simulation, 1)].map(({ pid }) => pid);
        const othersHere = await sent(simulation, 1, 0, others);
        expect((await sent(simulation, 0, 2, [othersHere, othersHere]))[1]).toEqual(
          await sent(simulation, 1, 2, others),
        );
        expect(await sent(simulation, 0, 1, { pids: [farHere] })).toEqual({ pids: [far.pid] });
        expect((await sent(simulation, 0, 1, new Map([[farHere, 1]]))).has(far.pid)).toBe(true);
        if (state === "alive") far.do((self) => self.exit("boom"));
        await simulation.settle();
      }
      near.do((self) => self.exit("boom"));
      await simulation.settle();
      const gone = await sent(simulation, 0, 2, near.pid);
      expect(gone.process).toBe(undefined);
      expect(await sent(simulation, 0, 2, near.pid)).toBe(gone);
      expect(await sent(simulation, 2, 0, gone)).toBe(near.pid);
    });
  });
});
