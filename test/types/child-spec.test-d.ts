import { Application, child, type ChildSpec, DynamicSupervisor, GenServer, type Ok, ok } from "rookery";
import { PartitionSupervisor, type Pid, Runtime, Supervisor, TaskSupervisor } from "rookery";

class Cell extends GenServer<number> {
  init(value: number): Ok<number> {
    return ok(value);
  }
}

class Room extends GenServer<string> {
  init(options: { topic?: string } = {}): Ok<string> {
    return ok(options.topic ?? "");
  }
}

const runtime = await Runtime.start();
declare const spec: ChildSpec;

const specs: ChildSpec[] = [child(Cell, 7), child(Cell, 7, { restart: "transient" })];
// @ts-expect-error -- init takes a number
child(Cell, "seven");
// @ts-expect-error -- init needs its argument
child(Cell);
// @ts-expect-error -- there is no such restart type
child(Cell, 7, { restart: "always" });
// @ts-expect-error -- a shutdown is a time or one of two words
child(Cell, 7, { shutdown: "never" });
// @ts-expect-error -- a misspelled key
child(Cell, 7, { restrat: "permanent" });

// @ts-expect-error -- a child has an id
({ start: [Cell, 7] }) satisfies ChildSpec;
// @ts-expect-error -- no class of servers
({ id: "map", start: [Map] }) satisfies ChildSpec;
// @ts-expect-error -- a start function answers a pid, or what came of the start
({ id: "cell", start: () => "started" }) satisfies ChildSpec;

await Supervisor.start(runtime, {
  strategy: "one_for_one",
  children: [
    { id: "cell", start: [Cell, 7] },
    { id: "room", start: [Room], name: "room" },
    { id: "task", start: (parent) => parent.spawnLink((self) => self.sleep(1)) },
    child(Cell, 7),
    spec,
    ...specs,
  ],
});
await Supervisor.start(runtime, { strategy: "one_for_one", children: specs }, { name: "top" });
// @ts-expect-error -- init takes a number
await Supervisor.start(runtime, { strategy: "one_for_one", children: [{ id: 1, start: [Cell, "seven"] }] });
// @ts-expect-error -- init needs its argument
await Supervisor.start(runtime, { strategy: "one_for_one", children: [{ id: 1, start: [Cell] }] });
await Supervisor.start(runtime, {
  strategy: "one_for_one",
  // @ts-expect-error -- a misspelled key
  children: [{ id: 1, start: [Cell, 7], restrat: "permanent" }],
});
// @ts-expect-error -- there is no such strategy
await Supervisor.start(runtime, { strategy: "one_for_two" });
// @ts-expect-error -- a supervisor has a strategy
await runtime.start(Supervisor, { children: [] });
// @ts-expect-error -- a misspelled option
await runtime.start(Supervisor, { strategy: "one_for_one", childs: [] });
runtime.spawn(async (self) => {
  // @ts-expect-error -- init takes a number
  await Supervisor.startLink(self, { strategy: "rest_for_one", children: [{ id: 1, start: [Cell, ""] }] });
});

const added = await Supervisor.startChild(runtime, "top", { id: "cell", start: [Cell, 7] });
if (added.ok) void (added.pid satisfies Pid<Cell> | undefined);
await Supervisor.startChild(runtime, "top", spec);
// @ts-expect-error -- init takes a number
await Supervisor.startChild(runtime, "top", { id: "cell", start: [Cell, "seven"] });
// @ts-expect-error -- a misspelled key
await Supervisor.startChild(runtime, "top", { id: "cell", start: [Cell, 7], shutdwon: 10 });

const cell = await DynamicSupervisor.startChild(runtime, "cells", child(Cell, 7));
if (cell.ok) void (cell.pid satisfies Pid<Cell>);
// @ts-expect-error -- it is a Cell that was started
if (cell.ok) void (cell.pid satisfies Pid<Room>);
// @ts-expect-error -- init takes a number
await DynamicSupervisor.startChild(runtime, "cells", { id: 1, start: [Cell, "seven"] });
// @ts-expect-error -- there is no such restart type
await DynamicSupervisor.startChild(runtime, "cells", { id: 1, start: [Cell, 7], restart: "never" });
// @ts-expect-error -- children that come and go have no order
await runtime.start(DynamicSupervisor, { strategy: "rest_for_one" });

await runtime.start(PartitionSupervisor, { childSpec: { start: [Cell, 7] }, partitions: 2 });
await runtime.start(PartitionSupervisor, { childSpec: child(Cell, 7), partitions: 2 });
// @ts-expect-error -- its id is the number of the partition
await runtime.start(PartitionSupervisor, { childSpec: { id: "cell", start: [Cell, 7] } });
// @ts-expect-error -- a number of partitions
await runtime.start(PartitionSupervisor, { childSpec: { start: [Cell, 7] }, partitions: "2" });

await TaskSupervisor.startChild(runtime, "tasks", () => 1, { restart: "transient" });
// @ts-expect-error -- it takes tasks, no child specs
await TaskSupervisor.startChild(runtime, "tasks", child(Cell, 7));
// @ts-expect-error -- there is no such restart type
await TaskSupervisor.startChild(runtime, "tasks", () => 1, { restart: "always" });

await Application.run({ name: "cells", start: [{ id: "cell", start: [Cell, 7] }, spec] });
await Application.run({ name: "cells", start: { strategy: "one_for_all", children: specs } });
// @ts-expect-error -- init takes a number
await Application.run({ name: "cells", start: [{ id: "cell", start: [Cell, "seven"] }] });
// @ts-expect-error -- a misspelled key
await Application.run({ name: "cells", start: [{ id: "cell", start: [Cell, 7], restrat: "permanent" }] });
