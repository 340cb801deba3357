import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DownMessage, Ref, Runtime, silentLogger, TIMEOUT } from "../../runtime/index.ts";
import { runInProcess } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

describe("aliases", () => {
  test("an alias delivers until it is taken back (76-78)", async () => {
    await runInProcess(runtime, async (self) => {
      const alias = self.alias();
      runtime.send(alias, "m");
      expect(self.unalias(alias)).toBe(true);
      expect(self.unalias(alias)).toBe(false);
      runtime.send(alias, "late");
      expect(await self.receive()).toBe("m");
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test("an alias for a reply delivers once (79)", async () => {
    await runInProcess(runtime, async (self) => {
      const alias = self.alias({ reply: true });
      runtime.send(alias, 1);
      runtime.send(alias, 2);
      expect(await self.receive()).toBe(1);
      expect(self.unalias(alias)).toBe(false);
    });
  });

  test("an alias for a reply that is taken back before it came delivers nothing (77, 79)", async () => {
    await runInProcess(runtime, async (self) => {
      const alias = self.alias({ reply: true });
      expect(self.unalias(alias)).toBe(true);
      runtime.send(alias, "late");
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test.each([
    ["demonitor", [], true],
    ["explicit_unalias", ["late"], true],
    ["reply_demonitor", [], false],
  ] as const)("a monitor with the alias %s (80-82)", async (mode, afterDown, downComes) => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive());
      const ref = self.monitor(pid, { alias: mode });
      runtime.send(ref, "first");
      expect(await self.receive()).toBe("first");
      self.exit(pid, "kill");
      if (downComes) expect(await self.receive()).toBeInstanceOf(DownMessage);
      runtime.send(ref, "late");
      const late = await self.receive(undefined, { timeoutMs: 0 });
      expect(late === TIMEOUT ? [] : [late]).toEqual(afterDown);
    });
  });

  test("messages by pid, by name and by alias are in the order in which they were sent (84)", async () => {
    await runInProcess(runtime, async (self) => {
      self.register("named");
      const dests = [self.pid, "named", self.alias(), "named", self.alias(), self.pid];
      await runInProcess(runtime, (sender) => dests.forEach((dest, n) => sender.send(dest, n)));
      for (const [n] of dests.entries()) expect(await self.receive()).toBe(n);
    });
  });

  test("only its process takes an alias back, and only an alias can be taken back (77)", async () => {
    await runInProcess(runtime, async (self) => {
      const alias = self.alias();
      expect(self.unalias(new Ref())).toBe(false);
      expect(self.unalias(self.monitor("nobody"))).toBe(false);
      expect(await runInProcess(runtime, (stranger) => stranger.unalias(alias))).toBe(false);
      expect(await self.receive()).toBeInstanceOf(DownMessage);
      self.send(alias, "m");
      expect(await self.receive()).toBe("m");
    });
  });

  test("what goes to a reference that is no alias, or that of a dead process, is dropped (78)", async () => {
    await runInProcess(runtime, async (self) => {
      const ofTheDead = await runInProcess(runtime, (other) => other.alias());
      for (const ref of [new Ref(), self.monitor(self.spawn(() => {})), ofTheDead]) self.send(ref, "m");
      expect(await self.receive()).toBeInstanceOf(DownMessage);
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test.each([
    ["demonitor", false],
    ["reply_demonitor", false],
    ["explicit_unalias", true],
  ] as const)("demonitor ends the alias %s: %s that it still delivers (80-82)", async (alias, delivers) => {
    await runInProcess(runtime, async (self) => {
      const ref = self.monitor(
        self.spawn((child) => child.receive()),
        { alias },
      );
      self.demonitor(ref);
      self.send(ref, "late");
      const late = await self.receive(undefined, { timeoutMs: 0 });
      expect(late).toBe(delivers ? "late" : TIMEOUT);
      expect(self.unalias(ref)).toBe(delivers);
    });
  });

  test("the first message through a reply_demonitor ends the monitor as well as the alias (82)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((child) => child.receive());
      const ref = self.monitor(pid, { alias: "reply_demonitor" });
      self.send(ref, 1);
      self.send(ref, 2);
      expect(self.info(self.pid, "monitors")).toEqual([]);
      expect(self.demonitor(ref, { info: true })).toBe(false);
      expect(await self.receive()).toBe(1);
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test.each(["demonitor", "reply_demonitor", "explicit_unalias"] as const)(
    "unalias ends the alias %s and leaves the monitor (77, 80-82)",
    async (alias) => {
      await runInProcess(runtime, async (self) => {
        const pid = self.spawn((child) => child.receive());
        const ref = self.monitor(pid, { alias });
        expect(self.unalias(ref)).toBe(true);
        self.send(ref, "late");
        self.exit(pid, "r");
        expect(await self.receive()).toMatchObject({ ref, reason: "r" });
      });
    },
  );

  test("of a monitor of nobody is gone with the DOWN, unless it is explicit (80, 81)", async () => {
    await runInProcess(runtime, async (self) => {
      for (const alias of ["demonitor", "reply_demonitor", "explicit_unalias"] as const) {
        const ref = self.monitor("nobody", { alias, tag: "gone" });
        expect(await self.receive()).toMatchObject({ type: "gone", ref, reason: "noproc" });
        self.send(ref, "late");
        const late = await self.receive(undefined, { timeoutMs: 0 });
        expect(late).toBe(alias === "explicit_unalias" ? "late" : TIMEOUT);
      }
    });
  });

  test("the DOWN with another tag is flushed like any other (66, 71)", async () => {
    await runInProcess(runtime, async (self) => {
      const ref = self.monitor("nobody", { tag: ["mine", 1] });
      self.send(self.pid, "other");
      expect(self.demonitor(ref, { flush: true })).toBe(true);
      expect(await self.receive()).toBe("other");
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });
});
