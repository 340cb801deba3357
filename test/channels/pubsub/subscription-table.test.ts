import { afterEach, beforeEach, describe, expect, test } from "vitest";
import fc from "fast-check";
import { plainDispatcher, type Subscription } from "../../../channels/pubsub/dispatcher.ts";
import { SubscriptionTable } from "../../../channels/pubsub/subscription-table.ts";
import { type Pid, Runtime } from "../../../runtime/index.ts";

let runtime: Runtime;
beforeEach(async () => {
  runtime = await Runtime.start();
});
afterEach(() => runtime.shutdown());

function sleeper(): Pid {
  return runtime.spawn((self) => self.receive());
}

function pidsOf(table: SubscriptionTable, topic: string): string[] {
  return table
    .rows(topic)
    .map(({ pid }) => `${pid}`)
    .toSorted();
}

/** What a broadcast with the plain dispatcher sends, and to whom. */
function reached(table: SubscriptionTable, topic: string, from?: Pid): string[] {
  const to: string[] = [];
  table.dispatch(topic, from, "hello", plainDispatcher, { send: (pid) => to.push(`${pid}`) });
  return to.toSorted();
}

describe("SubscriptionTable", () => {
  test("holds what a list of rows would, after any order of subscribing, unsubscribing and dying", () => {
    const who = fc.nat(3);
    const topic = fc.constantFrom("a", "b", "__proto__");
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom("add", "add", "remove"), who, topic }),
      fc.record({ do: fc.constant("die"), who, topic }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const table = new SubscriptionTable();
        const pids = Array.from({ length: 4 }, sleeper);
        let model: { pid: Pid; topic: string }[] = [];
        for (const step of steps) {
          const pid = pids[step.who] as Pid;
          if (step.do === "add") {
            table.add(pid, step.topic, undefined);
            model.push({ pid, topic: step.topic });
          } else if (step.do === "remove") {
            table.remove(pid, step.topic);
            model = model.filter((row) => row.pid !== pid || row.topic !== step.topic);
          } else {
            runtime.exit(pid, "kill");
            model = model.filter((row) => row.pid !== pid);
            pids[step.who] = sleeper();
          }
          for (const name of ["a", "b", "__proto__"]) {
            const expected = model
              .filter((row) => row.topic === name)
              .map((row) => `${row.pid}`)
              .toSorted();
            expect(pidsOf(table, name)).toEqual(expected);
            expect(reached(table, name)).toEqual(expected);
          }
        }
        for (const pid of pids) runtime.exit(pid, "kill");
      }),
    );
  });

  test("a process that is dead already is not kept", () => {
    const table = new SubscriptionTable();
    const dead = sleeper();
    runtime.exit(dead, "kill");
    table.add(dead, "t", undefined);
    table.add(dead, "t", undefined);
    expect(table.rows("t")).toEqual([]);
  });

  test("the rows are gone when those who watch a subscriber hear of its death", async () => {
    const table = new SubscriptionTable();
    const rows = await new Promise<number>((resolve) => {
      const pid = sleeper();
      table.add(pid, "t", undefined);
      runtime.spawn(async (self) => {
        self.monitor(pid);
        runtime.exit(pid, "kill");
        await self.receive();
        resolve(table.rows("t").length);
      });
    });
    expect(rows).toBe(0);
  });

  test("rows don't change under a dispatch that subscribes, unsubscribes and kills", () => {
    const table = new SubscriptionTable();
    const pids = Array.from({ length: 6 }, sleeper) as [Pid, ...Pid[]];
    for (const pid of pids) table.add(pid, "t", undefined);
    const [first, second, third, ...rest] = pids;
    const late = sleeper();
    const seen: string[] = [];
    const dispatch = (rows: readonly Subscription[]): void => {
      for (const { pid } of rows) {
        seen.push(`${pid}`);
        if (pid !== first) continue;
        table.remove(second as Pid, "t");
        runtime.exit(third as Pid, "kill");
        table.add(late, "t", undefined);
      }
    };
    table.dispatch("t", undefined, "hello", { dispatch }, runtime);
    expect(seen).toEqual(pids.map(String));
    expect(pidsOf(table, "t")).toEqual([first, ...rest, late].map(String).toSorted());
    expect(reached(table, "t")).toEqual([first, ...rest, late].map(String).toSorted());
  });

  test("a dispatch that throws leaves the table usable", () => {
    const table = new SubscriptionTable();
    const [one, two] = [sleeper(), sleeper()];
    for (const pid of [one, two]) table.add(pid, "t", undefined);
    const failing = {
      dispatch() {
        throw new Error("can't encode");
      },
    };
    expect(() => table.dispatch("t", undefined, "hello", failing, runtime)).toThrow("can't encode");
    table.remove(one, "t");
    expect(reached(table, "t")).toEqual([`${two}`]);
  });

  test("100,000 rows of one topic and 100,000 topics of one process take few steps each to come and go", () => {
    const table = new SubscriptionTable();
    const many = Array.from({ length: 100_000 }, sleeper);
    const one = sleeper();
    for (const pid of many) table.add(pid, "t", undefined);
    for (let index = 0; index < 100_000; index += 1) table.add(one, `t${index}`, undefined);
    expect(table.rows("t").length).toBe(100_000);
    // With a search through the rows or the topics at each removal, this would take minutes and run into the time limit.
    for (const pid of many) table.remove(pid, "t");
    for (let index = 0; index < 100_000; index += 1) table.remove(one, `t${index}`);
    expect([table.rows("t"), table.rows("t99999")]).toEqual([[], []]);
  });

  test("keeps apart what one process has in two tables", () => {
    const [one, other] = [new SubscriptionTable(), new SubscriptionTable()];
    const pid = sleeper();
    for (const table of [one, other]) for (const topic of ["a", "b"]) table.add(pid, topic, undefined);
    one.remove(pid, "a");
    expect([one, other].map((table) => pidsOf(table, "a").length)).toEqual([0, 1]);
    runtime.exit(pid, "kill");
    expect([one, other].map((table) => [...table.topics()])).toEqual([[], []]);
  });
});
