import { afterEach, beforeEach, expect, test } from "vitest";
import { Agent, type Dest, type Pid, Runtime, silentLogger, Task } from "../../runtime/index.ts";
import { settle } from "../../runtime/testing.ts";
import { Supervisor } from "../../supervisors/index.ts";

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

test("an Agent is a child as any server; started again, it has the state of its start", async () => {
  await runtime.start(Supervisor, {
    strategy: "one_for_one",
    children: [{ id: "agent", start: [Agent, () => 1], name: "agent" }],
  });
  const agent = "agent" as Dest<Agent<number>>;
  await Agent.update(runtime, agent, (n) => n + 1);
  expect(await Agent.get(runtime, agent, (n) => n)).toBe(2);
  runtime.exit(runtime.whereis("agent")!, "kill");
  expect(await Agent.get(runtime, agent, (n) => n)).toBe(1);
});

test("a start function that answers no pid fails, with what it answered as the reason", async () => {
  const supervisor = await runtime.start(Supervisor, { strategy: "one_for_one", children: [] });
  for (const answer of [5, { ok: true, pid: 5 }, { ok: "yes" }]) {
    const start = (): never => answer as never;
    expect(await Supervisor.startChild(runtime, supervisor, { id: "wrong", start })).toMatchObject({
      ok: false,
      reason: [answer, { id: "wrong" }],
    });
  }
  expect(await Supervisor.whichChildren(runtime, supervisor)).toEqual([]);
});

test("a task is a child by a start function, and is done when it is done", async () => {
  const runs: Pid[] = [];
  const supervisor = await runtime.start(Supervisor, {
    strategy: "one_for_one",
    children: [
      {
        id: "task",
        start: (parent) => Task.startLink(parent, (task) => void runs.push(task.pid)),
        restart: "temporary",
      },
    ],
  });
  await settle(runtime);
  expect(runs).toHaveLength(1);
  expect(await Supervisor.whichChildren(runtime, supervisor)).toEqual([]);
});
