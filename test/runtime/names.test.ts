import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Runtime, silentLogger } from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

describe("names", () => {
  test("a name belongs to one process, a process has one name (85-88, 90, 93)", async () => {
    await runInProcess(runtime, async (self) => {
      self.register("n");
      expect(self.whereis("n")).toBe(self.pid);
      expect(self.whereis("other")).toBe(undefined);
      const taken = expect.objectContaining({ code: "ROOKERY_NAME_TAKEN" });
      expect(() => self.register("n")).toThrow(taken);
      expect(() => self.register("m")).toThrow(taken);
      const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });
      expect(() => self.register("undefined")).toThrow(badarg);
      expect(() => self.unregister("m")).toThrow(badarg);
      self.unregister("n");
      self.register("m");
    });
    await settle(runtime);
    expect(runtime.registered()).toEqual([]);
  });

  test("any process may register and unregister any other (89)", async () => {
    await runInProcess(runtime, async (self) => {
      const other = self.spawn((child) => child.receive());
      self.register("other", other);
      expect(self.whereis("other")).toBe(other);
      await runInProcess(runtime, (stranger) => stranger.unregister("other"));
      expect(self.whereis("other")).toBe(undefined);
    });
  });

  test("info tells the name, and undefined of one that has none (92)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.info(self.pid)?.registeredName).toBe(undefined);
      self.register("n");
      expect(self.info(self.pid)?.registeredName).toBe("n");
    });
  });

  test("what is no name, or no living process, is not registered, and the name stays free (88)", async () => {
    await runInProcess(runtime, async (self) => {
      const dead = self.spawn(() => {});
      await settle(runtime);
      const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });
      for (const wrong of [dead, self.alias(), [], "self", null, { pid: self.pid }]) {
        expect(() => self.register("n", wrong as never)).toThrow(badarg);
        expect(() => self.send("n", "m")).toThrow(badarg);
      }
      for (const wrong of ["", ["bad", "name"], 1, undefined, null])
        expect(() => self.register(wrong as never)).toThrow(badarg);
      self.register("n");
      expect(self.whereis("n")).toBe(self.pid);
    });
  });
});
