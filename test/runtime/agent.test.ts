import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Agent, type Dest, Runtime, silentLogger } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

const boom = new Error("boom");
const raise = (): never => {
  throw boom;
};

describe("Agent", () => {
  test("runs functions on its state, one after the other (304)", async () => {
    const agent = await Agent.start(runtime, () => 1);
    expect(await Agent.update(runtime, agent, (n) => n + 1)).toBe("ok");
    Agent.cast(runtime, agent, (n) => n * 10);
    expect(await Agent.getAndUpdate(runtime, agent, (n) => [n, n + 1])).toBe(20);
    expect(await Agent.get(runtime, agent, (n) => n)).toBe(21);
  });

  test("waits for a function that is asynchronous before it takes the next (304)", async () => {
    const agent = await Agent.start(runtime, async () => 1);
    const updated = Agent.update(runtime, agent, async (n) => {
      await Promise.resolve();
      return n + 1;
    });
    expect(await Agent.get(runtime, agent, async (n) => n)).toBe(2);
    expect(await updated).toBe("ok");
  });

  test("runs them in its own process, not in the caller's (304)", async () => {
    await runInProcess(runtime, async (self) => {
      const agent = await Agent.startLink(self, () => "state", { name: "agent" });
      expect(self.info(self.pid)!.links).toEqual([agent]);
      expect(await Agent.get(self, "agent" as Dest<Agent<string>>, (state) => state.length)).toBe(5);
    });
  });

  test("is served by its name until it is stopped, which frees the name (304)", async () => {
    const agent = await Agent.start(runtime, () => new Map([["a", 1]]), { name: "agent" });
    const dest = "agent" as Dest<Agent<Map<string, number>>>;
    Agent.cast(runtime, dest, (state) => new Map(state).set("b", 2));
    await Agent.update(runtime, dest, (state) => new Map(state).set("c", 3));
    const taken = await Agent.getAndUpdate(runtime, dest, (state) => [state.get("b"), new Map()]);
    expect([taken, await Agent.get(runtime, dest, ({ size }) => size)]).toEqual([2, 0]);
    await runtime.stop("agent");
    expect([runtime.isAlive(agent), runtime.whereis("agent")]).toEqual([false, undefined]);
  });

  test("that is not there is no matter to a cast, and noproc to whoever waits for it (304)", async () => {
    const nobody = "nobody" as Dest<Agent<number>>;
    expect(() => Agent.cast(runtime, nobody, (n) => n + 1)).not.toThrow();
    await expect(Agent.get(runtime, nobody, (n) => n)).rejects.toMatchObject({
      code: "ROOKERY_NOPROC",
      reason: ["noproc", ["GenServer", "call", expect.anything()]],
    });
  });

  test.each([
    ["get", (agent: Dest<Agent<number>>) => Agent.get(runtime, agent, raise)],
    ["update", (agent: Dest<Agent<number>>) => Agent.update(runtime, agent, raise)],
    ["getAndUpdate", (agent: Dest<Agent<number>>) => Agent.getAndUpdate(runtime, agent, raise)],
    ["an asynchronous get", (agent: Dest<Agent<number>>) => Agent.get(runtime, agent, async () => raise())],
  ])("a function of %s that throws ends it, and the caller hears why (304)", async (_, ask) => {
    const agent = await Agent.start(runtime, () => 1);
    await expect(ask(agent)).rejects.toMatchObject({
      code: "ROOKERY_CALL_EXIT",
      reason: [boom, ["GenServer", "call", expect.anything()]],
    });
    expect(runtime.isAlive(agent)).toBe(false);
  });

  test("a function of cast that throws ends it (304)", async () => {
    const agent = await Agent.start(runtime, () => 1);
    Agent.cast(runtime, agent, raise);
    await settle(runtime);
    expect(runtime.isAlive(agent)).toBe(false);
  });

  test("getAndUpdate wants a value and a state (305)", async () => {
    const agent = await Agent.start(runtime, () => 1);
    const wrong = Agent.getAndUpdate(runtime, agent, (() => "x") as never);
    await expect(wrong).rejects.toMatchObject({ reason: [["bad_return_value", "x"], expect.anything()] });
  });

  test("does not start when its function throws (305)", async () => {
    await expect(Agent.start(runtime, raise)).rejects.toMatchObject({
      code: "ROOKERY_START_FAILED",
      reason: boom,
    });
  });

  test("a caller that waits too long goes on, and so does the agent (306)", async () => {
    const agent = await Agent.start(runtime, () => 1);
    const gate = Promise.withResolvers<void>();
    const slow = Agent.update(runtime, agent, (n) => gate.promise.then(() => n + 1), 20);
    const failed = expect(slow).rejects.toMatchObject({
      reason: ["timeout", ["GenServer", "call", expect.anything()]],
    });
    await settle(runtime);
    clock.advance(20);
    await failed;
    gate.resolve();
    expect(await Agent.get(runtime, agent, (n) => n)).toBe(2);
  });

  test("gives out its state as a message: it can't be changed behind its back", async () => {
    const agent = await Agent.start(runtime, () => ({ n: 1 }));
    const state = await Agent.get(runtime, agent, (given) => given);
    expect(() => {
      state.n = 2;
    }).toThrow(TypeError);
  });
});
