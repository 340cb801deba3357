import { describe, expect, test } from "vitest";
import type { ShownChaos } from "../../../api/dashboard/chaos-control.ts";
import type { ShownRun } from "../../../api/dashboard/chaos-run.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { Counter } from "../../supervisors/testing/counter.ts";
import { eventually, observed, type Observed, type Page } from "./observed.ts";
import * as kit from "rookery/testing";

const LONG_MS = 3_600_000;
const often = { seed: 7, durationMs: LONG_MS, rateHz: 50, faults: ["kill"] };

/** A supervisor whose children may be killed as often as it takes. */
async function shop({ runtime }: Observed, names: readonly string[], shard: number = 0): Promise<void> {
  const children = names.map((name) => ({
    id: name,
    name,
    start: [Counter, undefined] as const,
    on: { shard },
  }));
  const flags = { strategy: "one_for_one", intensity: 100_000 } as const;
  await runtime.start(Supervisor, { ...flags, children }, { name: "shop" });
}

/** The last run, from the fault on that was asked for. */
async function runOf(page: Page, seen: { id?: string; since?: number } = {}): Promise<ShownRun> {
  return (await page.ask<ShownChaos>("chaos", seen)).run!;
}

const untilStruck = (page: Page, times: number): Promise<ShownRun> =>
  eventually(
    () => runOf(page),
    ({ struck }) => struck >= times,
  );

const warnings = ({ log }: Observed): string[] =>
  log.lines.flatMap(({ level, message }) =>
    level === "warn" && message.startsWith("Dashboard: ") ? [message] : [],
  );

describe("chaos from the dashboard", () => {
  test("strikes who is meant and nobody else, lists what it strikes, and logs it", async () => {
    const system = await observed(1, { chaos: kit });
    await shop(system, ["orders", "stock", "audit"]);
    const audit = system.runtime.whereis("audit");
    const page = await system.page();
    await page.ask("chaosStart", { ...often, under: ["shop"], except: ["audit"] });
    const run = await untilStruck(page, 12);
    expect(run).toMatchObject({ state: "running", seed: 7, durationMs: LONG_MS });
    expect(run.seen.slice(0, 12).map(({ n }) => n)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
    expect(new Set(run.seen.map(({ target }) => target))).toEqual(new Set(["orders", "stock"]));
    expect(system.runtime.whereis("audit")).toBe(audit);
    const after = await runOf(page, { id: run.id, since: 10 });
    expect([after.seen[0]!.n, after.line]).toEqual([11, undefined]);
    expect(JSON.parse(run.line!)).toEqual({ ...often, under: ["shop"], except: ["audit"] });
    const [begun, first] = warnings(system);
    expect(begun).toBe(`Dashboard: chaos begins: ${run.line}`);
    expect(first).toBe(`Dashboard: chaos, kill, ${run.seen[0]!.target}`);
  });

  test("ends when its time is over", async () => {
    const system = await observed(1, { chaos: kit });
    await shop(system, ["stock"]);
    const page = await system.page();
    await page.ask("chaosStart", { ...often, durationMs: 200, named: ["stock"] });
    const run = await eventually(
      () => runOf(page),
      ({ state }) => state !== "running",
    );
    expect([run.state, run.why]).toEqual(["over", ""]);
    expect(warnings(system).at(-1)).toMatch(/^Dashboard: chaos over after \d+ faults?$/);
  });

  test("ends when it is stopped, and then another one may begin", async () => {
    const runs: Promise<unknown>[] = [];
    const chaos: typeof kit.chaos = (subject, options) => {
      const run = kit.chaos(subject, options);
      runs.push(run);
      return run;
    };
    const system = await observed(1, { chaos: { ...kit, chaos } });
    await shop(system, ["stock"]);
    const page = await system.page();
    expect(await page.ask("chaosStop")).toEqual({ stopped: false });
    await page.ask("chaosStart", { ...often, named: ["stock"] });
    await untilStruck(page, 1);
    await expect(page.ask("chaosStart", { ...often, named: ["stock"] })).rejects.toThrow(
      "Expected one run at a time, but the one with seed 7 goes on",
    );
    expect(await page.ask("chaosStop")).toEqual({ stopped: true });
    await runs[0];
    const { state, struck } = await runOf(page);
    expect(state).toBe("stopped");
    expect(warnings(system).at(-1)).toBe(
      `Dashboard: chaos stopped after ${struck} ${struck === 1 ? "fault" : "faults"}`,
    );
    await page.ask("chaosStart", { ...often, seed: 8, named: ["stock"] });
    expect(await runOf(page)).toMatchObject({ state: "running", seed: 8 });
    expect(runs).toHaveLength(2);
  });

  test("is what a script says, if it is one", async () => {
    const system = await observed(1, { chaos: kit });
    await shop(system, ["orders", "stock"]);
    const [orders, stock] = ["orders", "stock"].map((name) => system.runtime.whereis(name));
    const page = await system.page();
    const script = [
      { atMs: 1, fault: "kill", target: "stock" },
      { atMs: 20, fault: "flood of 3", target: "orders" },
      { atMs: 30, fault: "kill", target: "nobody" },
    ];
    await page.ask("chaosStart", { script });
    const run = await eventually(
      () => runOf(page),
      ({ state }) => state === "over",
    );
    expect(run.seen.map(({ fault, target }) => [fault, target])).toEqual([
      ["kill", "stock"],
      ["flood of 3", "orders"],
    ]);
    expect([run.struck, run.planned, run.missed]).toEqual([2, 3, []]);
    expect(system.runtime.whereis("orders")).toBe(orders);
    expect(system.runtime.whereis("stock")).not.toBe(stock);
  });

  test("goes on when the channel of the page dies, and the page sees it again", async () => {
    const system = await observed(1, { chaos: kit });
    await shop(system, ["stock"]);
    const page = await system.page();
    await page.ask("chaosStart", { ...often, named: ["stock"] });
    const before = await untilStruck(page, 1);
    const { rows } = await page.ask<{ rows: { pid: string }[] }>("processes", { kind: "channel" });
    const lost = new Promise<void>((resolve) => {
      page.channel.onError(() => resolve());
    });
    page.channel.push("act", { pid: rows[0]!.pid, action: "kill" });
    await lost;
    const after = await untilStruck(page, before.struck + 3);
    expect([after.id, after.state]).toEqual([before.id, "running"]);
  });

  test("spares the dashboard's own processes, unless it is told not to", async () => {
    const system = await observed(1, { chaos: kit });
    await shop(system, ["stock"]);
    const page = await system.page();
    const own = { behaving: ["DashboardChannel", "Dashboard", "Observer"] };
    const spared = async (asked: object): Promise<void> => {
      await page.ask("chaosStart", { ...often, named: ["stock", "rookery.chaos"], ...asked });
      const { seen } = await untilStruck(page, 8);
      expect(new Set(seen.map(({ target }) => target))).toEqual(new Set(["stock"]));
      await page.ask("chaosStop");
    };
    await spared(own);
    // That which runs it is spared in any case.
    await spared({ spareDashboard: false });
    const lost = new Promise<void>((resolve) => {
      page.channel.onError(() => resolve());
    });
    await page.ask("chaosStart", { ...often, ...own, spareDashboard: false });
    await lost;
  });

  test("crashes shards, also while the dashboard is spared, whose observers are back with them", async () => {
    const system = await observed(2, { chaos: kit });
    await shop(system, ["stock"], 1);
    const page = await system.page();
    await page.ask("processes", { search: "observer" });
    expect((await page.ask<ShownChaos>("chaos")).faults).toContainEqual(
      expect.objectContaining({ form: "shard crash" }),
    );
    await page.ask("chaosStart", { ...often, under: ["shop"], faults: ["shard crash"] });
    const { seen } = await untilStruck(page, 1);
    expect(seen[0]).toMatchObject({ fault: "shard crash", target: "1" });
    await page.ask("chaosStop");
  });

  test("begins with nothing that is not as it should be", async () => {
    const system = await observed(1, { chaos: kit });
    const page = await system.page();
    await expect(page.ask("chaosStart", { ...often, named: ["x"], faults: ["explode"] })).rejects.toThrow(
      "explode",
    );
    await expect(page.ask("chaosStart", often)).rejects.toThrow("or everybody, but got none");
    await expect(page.ask("chaos", { since: -1 })).rejects.toThrow("invalid request");
    expect((await page.ask<ShownChaos>("chaos")).run).toBeUndefined();
    expect(warnings(system)).toEqual([]);
  });

  test("is refused where the program does not allow it", async () => {
    const system = await observed();
    const page = await system.page();
    for (const event of ["chaos", "chaosStart", "chaosStop"])
      await expect(page.ask(event, { ...often, everybody: true })).rejects.toThrow("to allow chaos");
    expect(system.runtime.whereis("rookery.chaos")).toBeUndefined();
  });

  test("needs all of the kit", async () => {
    const { kill: _kill, ...lesser } = kit;
    await expect(observed(1, { chaos: lesser as never })).rejects.toThrow(
      "Expected rookery/testing as chaos for the dashboard in the options of the endpoint, got something without kill",
    );
  });
});
