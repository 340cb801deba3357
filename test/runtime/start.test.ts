import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  ExitMessage,
  GenServer,
  ok,
  Runtime,
  type Self,
  silentLogger,
  stop,
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

class Starting extends GenServer<unknown> {
  async init(how: "well" | "badly" | "never" | "then dies") {
    this.self.register("starting");
    if (how === "never") await this.self.receive();
    if (how === "then dies") this.self.send(this.self.pid, "die");
    return how === "badly" ? stop("r") : ok(how);
  }
  override handleInfo() {
    return stop("died");
  }
  override terminate(reason: unknown) {
    if (runtime.whereis("witness") !== undefined) this.self.send("witness", ["terminate", reason]);
  }
}

const nothingLeft = async (self: Self): Promise<boolean> =>
  (await self.receive(undefined, { timeoutMs: 0 })) === TIMEOUT;

describe("startLink, from a process that traps exits", () => {
  test("leaves the exit of a server whose init stopped in the mailbox, as up to OTP 25 (135)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      await expect(self.startLink(Starting, "badly")).rejects.toMatchObject({ reason: "r" });
      expect(await self.receive()).toBeInstanceOf(ExitMessage);
      expect(await nothingLeft(self)).toBe(true);
    });
  });

  test("takes the exit of a server that was killed in its init (134)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const failed = expect(self.startLink(Starting, "never")).rejects.toMatchObject({ reason: "killed" });
      await settle(runtime);
      runtime.exit("starting", "kill");
      await failed;
      expect(await nothingLeft(self)).toBe(true);
    });
  });
});

test.each([true, false])(
  "startLink kills a server that is too slow, and nothing but the timeout comes to one who traps (%s) (134)",
  async (trap) => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(trap);
      const options = { timeoutMs: 50 };
      const failed = expect(self.startLink(Starting, "never", options)).rejects.toMatchObject({
        reason: "timeout",
      });
      await settle(runtime);
      clock.advance(50);
      await failed;
      expect(self.whereis("starting")).toBe(undefined);
      expect(await nothingLeft(self)).toBe(true);
    });
  },
);

test.each([true, false])(
  "the starter is the parent, also one that traps (%s): its end terminates a server that traps (155)",
  async (trap) => {
    await runInProcess(runtime, async (self) => {
      self.register("witness");
      const { pid } = self.spawnMonitor(async (parent) => {
        parent.trapExit(trap);
        const child = await parent.startLink(Trapping, "well");
        expect(parent.info(child)?.parent).toBe(parent.pid);
        parent.exit("parent's end");
      });
      expect(await self.receive()).toMatchObject({ process: pid });
      expect(await self.receive()).toEqual(["terminate", "parent's end"]);
    });
  },
);

class Trapping extends Starting {
  override init(how: "well") {
    this.self.trapExit(true);
    return super.init(how);
  }
}

describe("startMonitor", () => {
  test("answers the pid and the monitor, which tells how the server ended (154)", async () => {
    await runInProcess(runtime, async (self) => {
      const { pid, ref } = await self.startMonitor(Starting, "then dies");
      const down = (await self.receive({ ref })) as DownMessage;
      expect([down.process, down.reason]).toEqual([pid, "died"]);
      expect(self.info(self.pid)?.links).toEqual([]);
    });
  });

  test("leaves no DownMessage of a server that did not start (154)", async () => {
    await runInProcess(runtime, async (self) => {
      await expect(self.startMonitor(Starting, "badly")).rejects.toMatchObject({ reason: "r" });
      await settle(runtime);
      expect(await nothingLeft(self)).toBe(true);
    });
  });
});
