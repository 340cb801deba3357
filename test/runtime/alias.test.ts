import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DownMessage, Runtime, silentLogger, TIMEOUT } from "../../runtime/index.ts";
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
});
