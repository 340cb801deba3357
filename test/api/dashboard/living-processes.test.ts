import { describe, expect, onTestFinished, test } from "vitest";
import { inSteps, livingProcesses } from "../../../api/dashboard/living-processes.ts";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";

async function started(count: number): Promise<{ runtime: Runtime; pids: Pid[] }> {
  const runtime = await Runtime.start({ logger: silentLogger });
  onTestFinished(() => runtime.shutdown());
  const pids = Array.from({ length: count }, () =>
    runtime.spawn(async (self) => void (await self.receive())),
  );
  return { runtime, pids };
}

describe("livingProcesses", () => {
  test("tells of each process once, in the order of their start", async () => {
    const { runtime, pids } = await started(500);
    expect(Array.from(livingProcesses(runtime), ({ pid }) => pid)).toEqual(pids);
  });

  for (const [who, from, to] of [
    ["the one that it has just told of", 100, 101],
    ["the last ten that it has told of", 91, 101],
    ["all that it has told of", 0, 101],
    ["those around it", 60, 140],
  ] as const) {
    test(`goes on behind ${who} when those die meanwhile`, async () => {
      const { runtime, pids } = await started(300);
      const told: Pid[] = [];
      for (const { pid } of livingProcesses(runtime)) {
        told.push(pid);
        if (told.length === 101) for (const dead of pids.slice(from, to)) runtime.exit(dead, "kill");
      }
      expect(told).toEqual(pids.filter((pid, index) => index <= 100 || runtime.isAlive(pid)));
    });
  }
});

describe("inSteps", () => {
  test("lets others have their turns while it visits many", async () => {
    const { runtime } = await started(0);
    const seen: string[] = [];
    const done = Promise.withResolvers<void>();
    runtime.spawn(async (self) => {
      self.spawn(async () => void seen.push("another"));
      await inSteps(self, Array.from({ length: 10_000 }), () => {});
      seen.push("done");
      done.resolve();
    });
    await done.promise;
    expect(seen).toEqual(["another", "done"]);
  });
});
