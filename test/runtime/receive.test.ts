import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Ref, Runtime, silentLogger, TIMEOUT } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

describe("receive", () => {
  test("takes the oldest message that matches and leaves the others in order (108, 109)", async () => {
    await runInProcess(runtime, async (self) => {
      for (const message of ["x", 1, "y", 2]) self.send(self.pid, message);
      expect(await self.receive((m) => typeof m === "number")).toBe(1);
      expect(await self.receive((m) => m === 2)).toBe(2);
      expect([await self.receive(), await self.receive()]).toEqual(["x", "y"]);
    });
  });

  test("times out from its start, whatever else comes meanwhile (110, 111)", async () => {
    const result = runInProcess(runtime, async (self) => {
      self.register("waiting");
      return self.receive((m) => m === "never", { timeoutMs: 100 });
    });
    await settle(runtime);
    clock.advance(60);
    runtime.send("waiting", "other");
    await settle(runtime);
    clock.advance(60);
    expect(await result).toBe(TIMEOUT);
  });

  test("a match that throws does not match, and the message stays (114)", async () => {
    await runInProcess(runtime, async (self) => {
      self.send(self.pid, undefined);
      const match = (m: unknown): boolean => (m as { deep: { er: boolean } }).deep.er;
      expect(await self.receive(match, { timeoutMs: 0 })).toBe(TIMEOUT);
      expect(await self.receive()).toBe(undefined);
    });
  });

  test("a second receive at the same time is refused", async () => {
    await runInProcess(runtime, (self) => {
      void self.receive();
      expect(() => self.receive()).toThrow(expect.objectContaining({ code: "ROOKERY_RECEIVING" }));
    });
  });

  test("a body that always finds a message does not keep the thread", async () => {
    const pid = runtime.spawn(async (self) => {
      for (;;) {
        self.send(self.pid, "again");
        await self.receive();
      }
    });
    // Two turns of the event loop are all it takes to get here.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    runtime.exit(pid, "kill");
  });

  test("waits for ever without a timeout, and refuses one that is none (112)", async () => {
    await runInProcess(runtime, (self) => {
      for (const timeoutMs of [-1, Number.NaN, "foo" as never])
        expect(() => self.receive(undefined, { timeoutMs })).toThrow(
          expect.objectContaining({ code: "ROOKERY_BADARG" }),
        );
    });
    const forever = runtime.spawn((self) => self.receive(undefined, { timeoutMs: Number.POSITIVE_INFINITY }));
    await settle(runtime);
    clock.advance(1e12);
    await settle(runtime);
    expect(runtime.isAlive(forever)).toBe(true);
  });

  describe("on a reference", () => {
    test("does not look at what was there before the process made it (113)", async () => {
      let looks = 0;
      const other = {
        get ref(): undefined {
          looks += 1;
          return undefined;
        },
      };
      await runInProcess(runtime, async (self) => {
        for (let i = 0; i < 100; i += 1) self.send(self.pid, other);
        const pid = self.spawn((child) => child.receive());
        for (const make of [() => self.monitor(pid), () => self.monitor("nobody"), () => self.alias()]) {
          const ref = make();
          self.send(self.pid, { ref });
          looks = 0;
          expect(await self.receive({ ref })).toMatchObject({ ref });
          expect(looks).toBe(0);
        }
        // Of one that it did not make, nothing is known.
        const ref = new Ref();
        self.send(self.pid, { ref });
        looks = 0;
        await self.receive({ ref });
        expect(looks).toBe(100);
        expect(await self.receive()).toBe(other);
      });
    });

    test("takes the oldest that carries it, whenever it comes, and leaves the others in order", async () => {
      await runInProcess(runtime, async (self) => {
        self.send(self.pid, "before");
        const ref = self.alias();
        for (const message of [null, "x", { ref: new Ref() }, { ref, n: 1 }, { ref, n: 2 }])
          self.send(self.pid, message);
        expect(await self.receive()).toBe("before");
        expect(await self.receive({ ref })).toMatchObject({ n: 1 });
        expect(await self.receive()).toBe(null);
        expect(await self.receive({ ref })).toMatchObject({ n: 2 });
        expect(await self.receive({ ref }, { timeoutMs: 0 })).toBe(TIMEOUT);
        self.sendAfter(10, self.pid, { ref, n: 3 });
        const later = self.receive({ ref });
        await settle(runtime);
        clock.advance(10);
        expect(await later).toMatchObject({ n: 3 });
        expect(await self.receive()).toBe("x");
        expect(() => self.receive({ ref: 1 } as never)).toThrow(
          expect.objectContaining({ code: "ROOKERY_BADARG" }),
        );
      });
    });
  });
});
