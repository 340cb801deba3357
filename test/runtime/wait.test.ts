import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CallResult,
  type CastResult,
  GenServer,
  noReply,
  ok,
  type Ok,
  type Pid,
  reply,
  Runtime,
  silentLogger,
} from "../../runtime/index.ts";
import { callFor, startChildServerFor, Wait, type Waiter } from "../../runtime/internal.ts";
import { settle } from "../../runtime/testing.ts";

/** Makes a wait, tells what it is told to, and answers it. */
type Request = (server: Waiting) => unknown;

/** Its requests wait; what it has handled says when. */
class Waiting extends GenServer<string[], Request, never, string> {
  init(): Ok<string[]> {
    return ok([]);
  }
  override handleCall(request: Request): CallResult | Promise<CallResult> {
    return request(this) as CallResult;
  }
  override handleInfo(message: string): CastResult {
    this.state.push(message);
    return noReply();
  }
}

class Slow extends GenServer<undefined, Promise<string>> {
  init(): Ok<undefined> {
    return ok(undefined);
  }
  override async handleCall(answer: Promise<string>): Promise<CallResult> {
    return reply(await answer);
  }
}

class Broken extends GenServer<undefined> {
  init(): never {
    throw new Error("no init");
  }
}

const answered = (value: unknown): CallResult => reply(["told", value]);
const failed = (error: Error): CallResult => reply(["failed", error.message]);

describe("a callback that waits without a promise", () => {
  let runtime: Runtime;
  let pid: Pid<Waiting>;
  beforeEach(async () => {
    runtime = await Runtime.start({ logger: silentLogger });
    pid = await runtime.start(Waiting, undefined);
  });
  afterEach(() => runtime.shutdown());

  const waited = (tell: (waiter: Waiter<unknown>, server: Waiting) => void): Promise<unknown> =>
    runtime.call(pid, (server: Waiting) => {
      const wait = new Wait(answered, failed);
      tell(wait, server);
      return wait.result;
    });

  test("answers what it makes of the value, also of one that it was told at once", async () => {
    expect(await waited((waiter) => waiter.resolve(7))).toEqual(["told", 7]);
    expect(await waited((waiter) => setImmediate(() => waiter.resolve(8)))).toEqual(["told", 8]);
  });

  test("answers what it makes of an error", async () => {
    expect(await waited((waiter) => waiter.reject(new Error("no")))).toEqual(["failed", "no"]);
    expect(await waited((waiter) => setImmediate(() => waiter.reject(new Error("never"))))).toEqual([
      "failed",
      "never",
    ]);
  });

  test("takes no message before, and those that have come meanwhile in their order", async () => {
    const told = Promise.withResolvers<Waiter<unknown>>();
    const answer = runtime.call(pid, ({ state }: Waiting) => {
      const wait = new Wait((value) => reply([...state, value]), failed);
      told.resolve(wait);
      return wait.result;
    });
    const waiter = await told.promise;
    runtime.send(pid, "first");
    runtime.send(pid, "second");
    await settle(runtime);
    waiter.resolve("told");
    expect(await answer).toEqual(["told"]);
    expect(await runtime.call(pid, ({ state }: Waiting) => reply(state))).toEqual(["first", "second"]);
  });

  test("may wait again", async () => {
    const again = await runtime.call(pid, () => {
      const first = new Wait((value) => {
        const second = new Wait((other) => reply([value, other]), failed);
        setImmediate(() => second.resolve("second"));
        return second.result;
      }, failed);
      first.resolve("first");
      return first.result;
    });
    expect(again).toEqual(["first", "second"]);
  });

  test("crashes by what it throws then", async () => {
    const crash = runtime.call(pid, () => {
      const wait = new Wait(() => {
        throw new Error("thrown behind the wait");
      }, failed);
      wait.resolve(1);
      return wait.result;
    });
    await expect(crash).rejects.toThrow("thrown behind the wait");
  });

  test("hears nothing more once its process has ended", async () => {
    let heard = 0;
    const told = Promise.withResolvers<Waiter<unknown>>();
    const answer = runtime.call(pid, () => {
      const wait = new Wait(() => reply((heard += 1)), failed);
      told.resolve(wait);
      return wait.result;
    });
    const waiter = await told.promise;
    runtime.exit(pid, "kill");
    await expect(answer).rejects.toThrow("killed");
    waiter.resolve(1);
    await settle(runtime);
    expect(heard).toBe(0);
  });

  test("is told what a call came to", async () => {
    const slow = await runtime.start(Slow, undefined);
    const soon = new Promise<string>((resolve) => setImmediate(() => resolve("done")));
    expect(await waited((waiter, { self }) => callFor(waiter, self, slow, soon, 5_000))).toEqual([
      "told",
      "done",
    ]);
    const [how, why] = (await waited((waiter, { self }) =>
      callFor(waiter, self, "nobody", soon, 5_000),
    )) as string[];
    expect(how).toBe("failed");
    expect(why).toMatch(/nobody/);
  });

  test.each([
    ["here", undefined],
    ["on a named shard", { on: { shard: 0 } }],
  ] as const)("is told what a start came to, %s", async (_where, options) => {
    const [how, { ok: isStarted, pid: started }] = (await waited((waiter, { self }) =>
      startChildServerFor(waiter, self, Slow, undefined, options),
    )) as [string, { ok: boolean; pid: Pid }];
    expect([how, isStarted]).toEqual(["told", true]);
    expect(await runtime.call(started, Promise.resolve("it runs"))).toBe("it runs");
  });

  test("is told why a start failed, and of a class that is no server", async () => {
    const [, result] = (await waited((waiter, { self }) => {
      self.trapExit(true);
      startChildServerFor(waiter, self, Broken, undefined, undefined);
    })) as [string, { ok: boolean; reason: Error }];
    expect(result).toMatchObject({ ok: false, reason: { message: "no init" } });
    const [how, why] = (await waited((waiter, { self }) =>
      startChildServerFor(waiter, self, Object as never, undefined, undefined),
    )) as string[];
    expect([how, why]).toEqual(["failed", expect.stringContaining("GenServer")]);
  });
});
