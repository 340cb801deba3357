import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  type From,
  GenServer,
  noReply,
  ok,
  type Pid,
  Runtime,
  silentLogger,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

/** Never answers. */
class Silent extends GenServer<undefined, unknown, unknown> {
  init(_: undefined) {
    return ok(undefined);
  }
  override handleCall() {
    return noReply();
  }
}

describe("to a process that is no server", () => {
  test("a call is a message that names its caller, who can be answered (156)", async () => {
    const plain = runtime.spawn(async (self) => {
      const [tag, from, request] = (await self.receive()) as [string, From, unknown];
      self.reply(from, [tag, request]);
    });
    expect(await runtime.call(plain, "m")).toEqual(["$gen_call", "m"]);
  });

  test("a cast is a message, too, and a stop one that OTP would send (136, 157)", async () => {
    await runInProcess(runtime, async (self) => {
      self.cast(self.pid, "m");
      expect(await self.receive()).toEqual(["$gen_cast", "m"]);
      const plain = self.spawn(async (other) => {
        const [system, , request] = (await other.receive()) as unknown[];
        other.send(self.pid, [system, request]);
        await other.receive();
      });
      const stopped = self.stop(plain, "r", 50);
      const failed = expect(stopped).rejects.toMatchObject({ code: "ROOKERY_STOP_TIMEOUT" });
      expect(await self.receive()).toEqual(["system", ["terminate", "r"]]);
      clock.advance(50);
      await failed;
    });
  });
});

describe("a caller", () => {
  test("may catch that the server died, unless it is linked to it (165)", async () => {
    await runInProcess(runtime, async (self) => {
      const outcomes: unknown[] = [];
      for (const linked of [false, true]) {
        const server = self.spawn((other) => other.receive().then(() => other.exit("r")));
        const { ref } = self.spawnMonitor(async (caller) => {
          if (linked) caller.link(server);
          await caller.call(server, "m").catch(() => {});
          caller.exit("survived");
        });
        outcomes.push(((await self.receive({ ref })) as DownMessage).reason);
      }
      expect(outcomes).toEqual(["survived", "r"]);
    });
  });

  test("that gives no proper timeout is refused (166)", async () => {
    const server = await runtime.start(Silent, undefined);
    for (const timeoutMs of [-1, Number.NaN, "soon" as never])
      expect(() => runtime.call(server, "m", timeoutMs)).toThrow(
        expect.objectContaining({ code: "ROOKERY_BADARG" }),
      );
  });

  test("that has no time waits no longer than it takes to see whether the reply is there (167)", async () => {
    const server = await runtime.start(Silent, undefined);
    const failed = expect(runtime.call(server, "m", 0)).rejects.toMatchObject({
      code: "ROOKERY_CALL_TIMEOUT",
    });
    await settle(runtime);
    clock.advance(1);
    await failed;
  });

  test("gets the first of two replies; the second never reaches its mailbox (170)", async () => {
    await runInProcess(runtime, async (self) => {
      const twice: Pid = self.spawn(async (other) => {
        const [, from] = (await other.receive()) as [string, From];
        other.reply(from, 1);
        other.reply(from, 2);
      });
      expect(await self.call(twice, "m")).toBe(1);
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });
});
