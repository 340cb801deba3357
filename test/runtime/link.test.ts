import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  ExitMessage,
  type Pid,
  Runtime,
  silentLogger,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

describe("links", () => {
  test("there is one link between two processes, and either may end it (42, 43, 48)", async () => {
    await runInProcess(runtime, async (self) => {
      const other = self.spawn((child) => child.receive());
      self.link(other);
      self.link(other);
      expect(self.info(self.pid)?.links).toEqual([other]);
      expect(self.unlink(other)).toBe(true);
      expect(self.unlink(other)).toBe(true);
      expect(self.info(other)?.links).toEqual([]);
      self.exit(other, "boom");
    });
  });

  test("linking to oneself does nothing (44)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.link(self.pid)).toBe(true);
      expect(self.info(self.pid)?.links).toEqual([]);
    });
  });

  test("linking to the dead throws noproc, or sends the exit to one who traps (45, 46)", async () => {
    await runInProcess(runtime, async (self) => {
      const dead = self.spawn(() => {});
      await settle(runtime);
      expect(() => self.link(dead)).toThrow(expect.objectContaining({ code: "ROOKERY_NOPROC" }));
      self.trapExit(true);
      self.link(dead);
      expect(await self.receive()).toEqual(new ExitMessage(dead, "noproc"));
    });
  });

  test("a normal exit of a partner is only told to one who traps (50, 51, 53)", async () => {
    await runInProcess(runtime, async (self) => {
      self.spawnLink(() => {});
      await settle(runtime);
      self.trapExit(true);
      const pid = self.spawnLink(() => {});
      expect(await self.receive()).toEqual(new ExitMessage(pid, "normal"));
      expect(self.info(self.pid)?.links).toEqual([]);
    });
  });

  test("a ring of links dies as one, each once (54)", async () => {
    const downs = await runInProcess(runtime, async (self) => {
      const pids = Array.from({ length: 50 }, () =>
        self.spawn((child) =>
          child.receive().then((next) => {
            child.link(next as Pid);
            return child.receive();
          }),
        ),
      );
      pids.forEach((pid, i) => self.send(pid, pids[(i + 1) % pids.length]));
      await settle(runtime);
      for (const pid of pids) self.monitor(pid);
      self.exit(pids[7]!, "r");
      const reasons: unknown[] = [];
      for (const _ of pids) reasons.push(((await self.receive()) as DownMessage).reason);
      return reasons;
    });
    expect(downs).toEqual(Array.from({ length: 50 }, () => "r"));
  });

  test("a chain of 100,000 links dies without a stack overflow", async () => {
    await runInProcess(runtime, async (self) => {
      let next: Pid | undefined;
      for (let i = 0; i < 100_000; i += 1) {
        const linked = next;
        next = self.spawn((child) => {
          if (linked !== undefined) child.link(linked);
          return child.receive();
        });
      }
      await settle(runtime);
      self.exit(next!, "r");
      expect(runtime.processes()).toEqual([self.pid]);
    });
  });

  test("a process that kills its partner dies of the link, once its own code has been left (55)", async () => {
    await runInProcess(runtime, async (self) => {
      self.spawnMonitor(async (killer) => {
        killer.exit(
          killer.spawnLink((child) => child.receive()),
          "r",
        );
        await killer.receive();
      });
      expect(await self.receive()).toMatchObject({ reason: "r" });
    });
  });

  test("who traps exits stops the death that runs along a chain of links (39)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const behind = self.spawnLink((child) => child.receive());
      const first = self.spawnLink((child) => child.receive());
      self.exit(first, "r");
      expect(await self.receive()).toEqual(new ExitMessage(first, "r"));
      expect(self.isAlive(behind)).toBe(true);
    });
  });

  test("what is no pid is refused (47)", async () => {
    await runInProcess(runtime, (self) => {
      self.register("named");
      const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });
      expect(() => self.link("named" as never)).toThrow(badarg);
      expect(() => self.unlink("named" as never)).toThrow(badarg);
    });
  });

  test("after an unlink no exit comes; one that was there already stays (49)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const [early, late] = [self.spawnLink((c) => c.receive()), self.spawnLink((c) => c.receive())];
      self.unlink(early);
      self.exit(early, "r");
      self.exit(late, "r");
      self.unlink(late);
      expect(await self.receive()).toEqual(new ExitMessage(late, "r"));
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test("a child that crashes at once tells its reason, never noproc (52)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const pid = self.spawnLink((child) => child.exit("at once"));
      expect(await self.receive()).toEqual(new ExitMessage(pid, "at once"));
    });
  });

  test("a child without a link survives its parent (56)", async () => {
    let child: Pid | undefined;
    const parent = runtime.spawn((self) => {
      child = self.spawn((orphan) => orphan.receive());
      self.exit("r");
    });
    await settle(runtime);
    expect([runtime.isAlive(parent), runtime.isAlive(child!)]).toEqual([false, true]);
  });
});
