import { describe, expect, onTestFinished, test } from "vitest";
import { LastSeen, Watches } from "../../../api/dashboard/watches.ts";
import { Runtime, type Self, silentLogger } from "../../../runtime/index.ts";
import { settle, VirtualClock } from "../../../runtime/testing.ts";

/** A process on virtual time, whose messages end what is due. */
async function watching(clock: VirtualClock): Promise<{ self: Self; watches: Watches }> {
  const runtime = await Runtime.start({ logger: silentLogger, clock });
  onTestFinished(() => runtime.shutdown());
  const ready = Promise.withResolvers<{ self: Self; watches: Watches }>();
  runtime.spawn(async (self) => {
    const watches = new Watches(self, "tick");
    ready.resolve({ self, watches });
    for (;;) {
      await self.receive();
      watches.expire();
    }
  });
  return ready.promise;
}

describe("Watches", () => {
  test("ends what nobody asks for any more, and keeps what is asked for", async () => {
    const clock = new VirtualClock();
    const { self, watches } = await watching(clock);
    const ended: string[] = [];
    const start = (key: string) => () => [key, () => ended.push(key)] as [string, () => void];
    watches.ask("kept", start("kept"));
    watches.ask("left", start("left"));
    for (let second = 0; second < 60; second += 5) {
      clock.advance(5_000);
      await settle(self.runtime);
      expect(watches.ask("kept", start("again"))).toBe("kept");
    }
    expect(ended).toEqual(["left"]);
    watches.endAll();
    expect(ended).toEqual(["left", "kept"]);
    expect(watches.size).toBe(0);
  });
});

describe("LastSeen", () => {
  test("tells what has come since, and how much of it is not kept any more", async () => {
    const { self } = await watching(new VirtualClock());
    const last = new LastSeen<number>(self);
    for (let n = 1; n <= 250; n += 1) last.add(n);
    const all = last.since(0);
    expect([all.last, all.missed, all.seen.length]).toEqual([250, 150, 100]);
    expect(last.since(248).seen.map(({ item }) => item)).toEqual([249, 250]);
    expect(last.since(250)).toEqual({ last: 250, missed: 0, seen: [] });
    expect(last.since(9_999).seen).toHaveLength(100);
  });
});
