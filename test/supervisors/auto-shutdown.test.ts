import { describe, expect, test } from "vitest";
import { settle } from "../../runtime/testing.ts";
import { type AutoShutdown, endsSupervisor } from "../../supervisors/auto-shutdown.ts";
import { type ChildSpec, Supervisor, type SupervisorOptions } from "../../supervisors/index.ts";
import { a, b, c, children, crash, happened, runtime, start } from "./supervised-tree.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

const significant = { spec: { significant: true }, pid: undefined };
const insignificant = { spec: { significant: false }, pid: undefined };
const running = (child: { spec: { significant: boolean } }) => ({ ...child, pid: "a pid" });

describe("endsSupervisor", () => {
  test.each<[string, AutoShutdown, typeof significant, object[], boolean]>([
    ["never: nothing ends it", "never", significant, [], false],
    [
      "any_significant: the first significant child ends it",
      "any_significant",
      significant,
      [running(significant)],
      true,
    ],
    ["any_significant: an insignificant child does not", "any_significant", insignificant, [], false],
    [
      "all_significant: not while another one runs",
      "all_significant",
      significant,
      [running(significant)],
      false,
    ],
    [
      "all_significant: the last one does",
      "all_significant",
      significant,
      [significant, running(insignificant)],
      true,
    ],
    ["all_significant: an insignificant child does not", "all_significant", insignificant, [], false],
  ])("%s", (_sentence, autoShutdown, ended, left, expected) => {
    expect(endsSupervisor(autoShutdown, ended, left as (typeof significant)[])).toBe(expected);
  });

  test("a child that is being restarted counts as running", () => {
    expect(
      endsSupervisor("all_significant", significant, [{ ...significant, pid: "restarting" } as never]),
    ).toBe(false);
  });
});

describe("Supervisor, autoShutdown", () => {
  const spec = { restart: "transient", significant: true } as const;

  test("any_significant ends it when a significant child ends by itself (269)", async () => {
    const top = await start([a({ trapExit: true }), b(spec)], { autoShutdown: "any_significant" });
    await happened();
    expect(await crash("b", "normal")).toEqual(["end b normal", "end a shutdown"]);
    expect(runtime.isAlive(top)).toBe(false);
  });

  test("all_significant ends it when the last of them has ended (269)", async () => {
    const top = await start([a(spec), b(spec)], { autoShutdown: "all_significant" });
    await crash("a", "normal");
    expect(runtime.isAlive(top)).toBe(true);
    await crash("b", "normal");
    expect(runtime.isAlive(top)).toBe(false);
  });

  test("a significant child that is started again does not, a temporary one that crashes does (270)", async () => {
    const children = [a(spec), b({ ...spec, restart: "temporary" })];
    const top = await start(children, { autoShutdown: "any_significant" });
    await crash("a", "boom");
    expect(runtime.isAlive(top)).toBe(true);
    await crash("b", "boom");
    expect(runtime.isAlive(top)).toBe(false);
  });

  test.each<["transient" | "temporary", string, boolean]>([
    ["transient", "kill", true],
    ["transient", "shutdown", false],
    ["temporary", "kill", false],
    ["temporary", "boom", false],
    ["temporary", "normal", false],
  ])(
    "any_significant: the supervisor of a %s child that ends by %s lives on: %s (269, 270)",
    async (restart, reason, lives) => {
      const top = await start([a(), b({ ...spec, restart })], { autoShutdown: "any_significant" });
      if (reason === "kill") runtime.exit("b", "kill");
      else runtime.cast("b", reason);
      await settle(runtime);
      expect(runtime.isAlive(top)).toBe(lives);
      expect(runtime.whereis("a") !== undefined).toBe(lives);
    },
  );

  test.each(["any_significant", "all_significant"] as const)(
    "%s: the end of an ordinary child does not (269)",
    async (autoShutdown) => {
      const top = await start([a({ restart: "temporary" }), b({ restart: "transient" })], { autoShutdown });
      await crash("a", "boom");
      await crash("b", "normal");
      expect(runtime.isAlive(top)).toBe(true);
    },
  );

  test.each(["one_for_one", "one_for_all", "rest_for_one"] as const)(
    "%s: significant siblings that are ended for a restart do not (271)",
    async (strategy) => {
      for (const autoShutdown of ["any_significant", "all_significant"] as const) {
        const top = await start([a(spec), b({ restart: "transient" }), c(spec)], { strategy, autoShutdown });
        runtime.exit("b", "kill");
        await settle(runtime);
        expect(await children()).toBe("c b a");
        await Supervisor.stop(runtime, top);
      }
    },
  );

  test("all_significant: one that was ended by terminateChild is not waited for (269, 271)", async () => {
    const top = await start([a(spec), b(spec)], { autoShutdown: "all_significant" });
    await Supervisor.terminateChild(runtime, "top", "a");
    expect(runtime.isAlive(top)).toBe(true);
    await crash("b", "normal");
    expect(runtime.isAlive(top)).toBe(false);
  });

  test.each([true, false])(
    "a nested supervisor that ends so ends its parent if it is significant: %s (269)",
    async (significant) => {
      const inner: SupervisorOptions = {
        strategy: "one_for_one",
        autoShutdown: "any_significant",
        children: [a(spec)],
      };
      const nested: ChildSpec = {
        id: "nested",
        start: [Supervisor, inner],
        restart: "transient",
        significant,
      };
      const top = await start([nested], { autoShutdown: "any_significant" });
      await crash("a", "normal");
      expect(runtime.isAlive(top)).toBe(!significant);
      if (!significant) expect(await children()).toBe("nested-");
    },
  );

  test("terminateChild does not (271)", async () => {
    const top = await start([a(spec)], { autoShutdown: "any_significant" });
    await Supervisor.terminateChild(runtime, top, "a");
    await settle(runtime);
    expect(runtime.isAlive(top)).toBe(true);
  });
});
