import { expect, test } from "vitest";
import type { Pid } from "../../../runtime/index.ts";
import type { Simulation } from "../../../runtime/testing.ts";
import { collectGarbage, collectUntil } from "./collect-garbage.ts";
import { acrossShards, doers } from "./far.ts";
import { TermWire } from "./term-wire.ts";

const LAST_ONES = 3;

function kept(simulation: Simulation): number[] {
  return simulation.runtimes.flatMap(({ shard }) => Object.values(shard.interconnect!.kept));
}

test("of processes that were known elsewhere, and of references, nothing is kept once nobody has them", async () => {
  await acrossShards(
    async (simulation) => {
      const { near, far, nearThere, farHere } = await doers(simulation);
      const before = kept(simulation);
      for (let n = 0; n < 200; n += 1) {
        near.do((self) =>
          self.spawnLink((child) => {
            const monitor = child.monitor(farHere);
            child.link(farHere);
            child.send(farHere, [child.pid, child.alias(), monitor]);
            child.unlink(farHere);
            child.demonitor(monitor);
          }),
        );
        far.do((self) => {
          for (const message of far.messages.splice(0))
            if (Array.isArray(message)) self.monitor(message[0] as Pid);
          self.send(
            nearThere,
            self.spawn(() => {}),
          );
        });
        if (n % 20 === 0) await simulation.settle();
      }
      await simulation.settle();
      expect(near.messages.length).toBe(200);
      near.messages.length = 0;
      far.messages.length = 0;
      await simulation.settle();
      expect(Math.max(...kept(simulation))).toBeGreaterThan(100);
      // The message that a process took last may still be at hand somewhere.
      await collectUntil(() => kept(simulation).every((count, at) => count <= before[at]! + LAST_ONES));
    },
    { runs: 2 },
  );
});

test("any number of messages, of few shapes or of ever new ones, need no more memory than the first", () => {
  const wire = new TermWire(65_536);
  const send = (count: number, message: (n: number) => unknown): void => {
    for (let n = 0; n < count; n += 100) {
      for (let at = n; at < n + 100; at += 1) wire.add(message(at));
      expect(wire.take().length).toBe(100);
    }
  };
  const used = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const few = (n: number): unknown => ({ n, name: "x", inner: { [n % 2 === 0 ? "even" : "odd"]: [n] } });
  const many = (n: number): unknown => ({ [`user ${n}`]: n, name: "x" });
  send(20_000, few);
  send(20_000, many);
  const before = used();
  send(200_000, few);
  send(100_000, many);
  expect(used() - before).toBeLessThan(3_000_000);
});

test("of a large message no buffer is kept once a small one has followed", async () => {
  const buffersMb = (): number => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers / 1e6;
  };
  const wire = new TermWire();
  wire.carried("small");
  const before = buffersMb();
  expect(wire.carried("x".repeat(20_000_000))).toHaveLength(20_000_000);
  expect(wire.carried("small")).toBe("small");
  // Large views are let go of a moment after their objects.
  await collectUntil(() => buffersMb() < before + 5);
});
