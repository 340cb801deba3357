import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  Agent,
  attachTelemetry,
  type DownMessage,
  GenServer,
  GenStatem,
  ok,
  type Pid,
  ProcessGroups,
  Registry,
  Runtime,
  type Self,
  silentLogger,
  sys,
  Table,
  Task,
  telemetryEvent,
} from "../../runtime/index.ts";
import { runInProcess, settle, simulate, simulateEach, VirtualClock } from "../../runtime/testing.ts";
import { collector } from "./collector.ts";

let runtime: Runtime;
let neighbour: { pid: Pid; messages: unknown[] };

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
  neighbour = collector(runtime);
  await runtime.start(Registry, { keys: "unique" }, { name: "registry" });
  await runtime.start(ProcessGroups, undefined, { name: "groups" });
});

afterEach(() => runtime.shutdown());

class Cell extends GenServer<number, string> {
  init(value: number) {
    return ok(value);
  }
}

/** What the compiler would refuse, as code without types hands it in. */
const as = (value: unknown): never => value as never;

const around: unknown[] = [];
around.push(around);

const table = (self: Self): Table<[string, number]> => {
  const made = Table.new<[string, number]>(self);
  made.insert(self, ["a", 1]);
  return made;
};

type Mistake = readonly [what: string, make: (self: Self) => unknown, expected: string, got: string];

const processes: readonly Mistake[] = [
  ["a body that is no function", (self) => self.spawn(as("x")), "a function", "'x'"],
  ["a message to no destination", (self) => self.send(as(5), 1), "a destination", "5"],
  ["a message to half a via name", (self) => self.send(as({ via: 1 }), 1), "a destination", "{ via: 1 }"],
  ["a message to an unregistered name", (self) => self.send("nobody", 1), "a registered name", "'nobody'"],
  ["a cast to no destination", (self) => self.cast(as(undefined), as(1)), "a destination", "undefined"],
  ["a call to no destination", (self) => self.call(as({}), as(1)), "a destination", "{}"],
  ["a call with a negative timeout", (self) => self.call("x", as(1), -1), "a timeout of at least 0", "-1"],
  ["a call with a text as timeout", (self) => self.call("x", as(1), as("5")), "a timeout", "'5'"],
  ["a stop with a timeout that is NaN", (self) => self.stop("x", "r", NaN), "a timeout", "NaN"],
  [
    "a receive with a misspelled option",
    (self) => self.receive(as(undefined), as({ timeout: 1 })),
    "the option timeoutMs",
    "{ timeout: 1 }",
  ],
  ["a receive with no match", (self) => self.receive(as(null)), "a match", "null"],
  ["a sleep of no time", (self) => self.sleep(as("1")), "a timeout", "'1'"],
  [
    "a monitor with a misspelled option",
    (self) => self.monitor(self.pid, as({ tags: 1 })),
    "the options tag, alias",
    "'tags'",
  ],
  [
    "a monitor with an unknown alias",
    (self) => self.monitor(self.pid, { alias: as("once") }),
    "an alias of explicit_unalias, demonitor",
    "'once'",
  ],
  [
    "a demonitor with a misspelled option",
    (self) => self.demonitor(self.monitor(self.pid), as({ flsh: true })),
    "the options flush, info",
    "'flsh'",
  ],
  ["a demonitor of no reference", (self) => self.demonitor(as(7)), "a reference", "7"],
  [
    "an alias with a misspelled option",
    (self) => self.alias(as({ replies: true })),
    "the options reply",
    "'replies'",
  ],
  ["an unalias of no reference", (self) => self.unalias(as("x")), "a reference", "'x'"],
  ["a link to no pid", (self) => self.link(as("x")), "a pid", "'x'"],
  ["an exit of no pid", (self) => self.exit(as("x"), "r"), "a pid", "'x'"],
  ["a trapExit of no flag", (self) => self.trapExit(as("yes")), "true or false", "'yes'"],
  [
    "a timer with a misspelled option",
    (self) => self.sendAfter(1, self.pid, 1, as({ abs: true })),
    "the options absolute",
    "'abs'",
  ],
  ["a timer to no destination", (self) => self.sendAfter(1, as(5), 1), "a destination", "5"],
  ["a timer in a negative time", (self) => self.startTimer(-1, self.pid, 1), "a time of at least 0 ms", "-1"],
  ["an interval of no time", (self) => self.sendInterval(0, self.pid, 1), "a time of at least 1 ms", "0"],
  [
    "a cancelled timer with a misspelled option",
    (self) => self.cancelTimer(self.sendAfter(9, self.pid, 1), as({ asynch: true })),
    "the options async, info",
    "'asynch'",
  ],
  ["a check for no request", (self) => self.checkResponse("m", as(5)), "a request", "5"],
  [
    "a multiCall of one node that is no list",
    (self) => self.multiCall(as("node"), "x", as(1)),
    "a list of nodes",
    "'node'",
  ],
  ["an unknown priority", (self) => self.setPriority(as("max")), "high, normal or low", "'max'"],
  [
    "an unknown item of information",
    (self) => self.info(self.pid, as("age")),
    "one of registeredName",
    "'age'",
  ],
];

const servers: readonly Mistake[] = [
  [
    "a start of no class",
    (self) => self.start(as("Cell"), as(1)),
    "extends GenServer or GenStatem",
    "'Cell'",
  ],
  [
    "a start of a class that is no server",
    (self) => self.start(as(class Plain {}), as(1)),
    "extends GenServer",
    "[class Plain]",
  ],
  [
    "a start of a class without init",
    (self) => self.start(as(GenServer), as(1)),
    "with an init",
    "[class GenServer]",
  ],
  [
    "a start with a misspelled option",
    (self) => self.start(Cell, 1, as({ nam: "x" })),
    "the options name, timeoutMs, hibernateAfterMs",
    "'nam'",
  ],
  [
    "a start whose options are a name",
    (self) => self.startLink(Cell, 1, as("x")),
    "an object as the options",
    "'x'",
  ],
  ["a start with a wrong name", (self) => self.startMonitor(Cell, 1, { name: as(5) }), "a name", "5"],
  ["a start with a wrong timeout", (self) => self.start(Cell, 1, { timeoutMs: -5 }), "a timeout", "-5"],
  [
    "a call of a GenStatem with a wrong timeout",
    (self) => GenStatem.call(self, neighbour.pid, as(1), NaN),
    "a timeout",
    "NaN",
  ],
  [
    "an Agent that is to run no function",
    (self) => Agent.get(self, as(neighbour.pid), as("x")),
    "a function",
    "'x'",
  ],
  [
    "an Agent asked by nobody",
    () =>
      Agent.get(
        as(5),
        as(neighbour.pid),
        as(() => 1),
      ),
    "the handle of a process, or a runtime",
    "5",
  ],
  [
    "a replaceState with no function",
    (self) => sys.replaceState(self, neighbour.pid, as(5)),
    "a function",
    "5",
  ],
  ["a trace of no flag", (self) => sys.trace(self, neighbour.pid, as("on")), "true or false", "'on'"],
  ["statistics of no flag", (self) => sys.statistics(self, neighbour.pid, as("on")), 'or "get"', "'on'"],
  ["a log of no flag", (self) => sys.log(self, neighbour.pid, as("on")), "a number of events", "'on'"],
  [
    "a debug function with a misspelled option",
    (self) => sys.install(self, neighbour.pid, as({ run: () => 1, stat: 1 })),
    "the options run, state, id",
    "'stat'",
  ],
];

const tasks: readonly Mistake[] = [
  ["a task without a body", (self) => Task.async(self, as(undefined)), "the body of a task", "undefined"],
  ["a task of no process", () => Task.start(as(5), () => 1), "the handle of a process", "5"],
  ["an await with a wrong timeout", (self) => Task.async(self, () => 1).await(as("5")), "a timeout", "'5'"],
  ["an awaitMany of no tasks", () => Task.awaitMany(as([5])), "a list of tasks", "[ 5 ]"],
  ["a yieldMany of no list", () => Task.yieldMany(as("x")), "a list of tasks", "'x'"],
  ["a stream of nothing", (self) => Task.asyncStream(self, as(5), (n) => n), "an iterable", "5"],
  ["a stream without a body", (self) => Task.asyncStream(self, [1], as("x")), "a function", "'x'"],
  [
    "a stream with a misspelled option",
    (self) => Task.asyncStream(self, [1], (n) => n, as({ max: 2 })),
    "the options maxConcurrency, timeoutMs",
    "'max'",
  ],
  [
    "a stream that is ordered perhaps",
    (self) => Task.asyncStream(self, [1], (n) => n, { ordered: as("no") }),
    "true or false",
    "'no'",
  ],
];

const stores: readonly Mistake[] = [
  [
    "a registration of no process",
    () => Registry.register(as(runtime), "registry", "k"),
    "the handle of a process",
    "Runtime",
  ],
  ["a match that is no function", (self) => Registry.match(self, "registry", "k", as(5)), "a function", "5"],
  ["a dispatch to no function", (self) => Registry.dispatch(self, "registry", "k", as(5)), "a function", "5"],
  ["the keys of no pid", (self) => Registry.keys(self, "registry", as("x")), "a pid", "'x'"],
  ["a group that no pid joins", (self) => ProcessGroups.join(self, "groups", "g", as(["x"])), "a pid", "'x'"],
  [
    "a monitor of groups for no process",
    () => ProcessGroups.monitor(as(runtime), "groups", "g"),
    "the handle of a process",
    "Runtime",
  ],
  [
    "a table with a misspelled option",
    (self) => Table.new(self, as({ typ: "set" })),
    "the options type, access, name, heir",
    "'typ'",
  ],
  [
    "a table of an unknown type",
    (self) => Table.new(self, { type: as("list") }),
    "a type of table",
    "'list'",
  ],
  ["a table whose options are null", (self) => Table.new(self, as(null)), "an object as the options", "null"],
  ["a table with no heir", (self) => Table.new(self, { heir: as(null) }), "an heir", "null"],
  ["a row that is none", (self) => table(self).insert(self, as("ab")), "a row", "'ab'"],
  [
    "a deleted row that is none",
    (self) => table(self).deleteObject(self, as(undefined)),
    "a row",
    "undefined",
  ],
  [
    "a key that has no order, for it holds itself",
    (self) => Table.new(self, { type: "ordered_set" }).insert(self, [around]),
    "nested at most 1000 levels deep",
    "[Circular",
  ],
  [
    "a match of rows that is no function",
    (self) => table(self).match(self, as(["a", "_"])),
    "a function",
    "[ 'a', '_' ]",
  ],
  ["a fold that is no function", (self) => table(self).foldl(self, as(5), 0), "a function", "5"],
  [
    "a counter that is to grow by nothing",
    (self) => table(self).updateCounter(self, "a", as(undefined)),
    "an object as the options",
    "undefined",
  ],
  [
    "a counter with a misspelled option",
    (self) => table(self).updateCounter(self, "a", as({ increment: 1, idx: 2 })),
    "the options index, increment, threshold, setTo",
    "'idx'",
  ],
  [
    "a counter that is to grow by NaN",
    (self) => table(self).updateCounter(self, "a", NaN),
    "an increment",
    "NaN",
  ],
  [
    "an element that is no index",
    (self) => table(self).lookupElement(self, "a", as("length")),
    "the index of an element",
    "'length'",
  ],
  [
    "a telemetry handler that is no function",
    () => attachTelemetry("x", [telemetryEvent("a.b")], as(5)),
    "a function",
    "5",
  ],
  [
    "a telemetry handler of no events",
    () => attachTelemetry("x", as(5), () => {}),
    "a list of telemetry events",
    "5",
  ],
];

describe("ends the process that gives it, and no other, with an error that says what was expected and what came:", () => {
  test.each([...processes, ...servers, ...tasks, ...stores])("%s", async (_, make, expected, got) => {
    await runInProcess(runtime, async (self) => {
      const { ref } = self.spawnMonitor((victim) => make(victim));
      const { reason } = (await self.receive({ ref })) as DownMessage;
      expect(reason).toMatchObject({ code: "ROOKERY_BADARG" });
      const { message } = reason as Error;
      expect(message).toMatch(/^Expected .*, got /);
      expect(message.split(", got ")[0]).toContain(expected);
      expect(message.split(", got ").at(-1)).toContain(got);
    });
    runtime.send(neighbour.pid, "goes on");
    await settle(runtime);
    expect(neighbour.messages).toEqual(["goes on"]);
  });
});

describe("is refused where it is given, outside of processes:", () => {
  test.each<[string, object | null]>([
    ["a misspelled option", { loger: silentLogger }],
    ["a logger without its functions", { logger: {} }],
    ["a clock that is none", { clock: { nowMs: 5 } }],
    ["no cores", { cores: 0 }],
    ["freezing perhaps", { freezeMessages: "no" }],
    ["threads that are none", { cpu: 5 }],
    ["memory in words", { maxHeapMb: "64" }],
    ["memory in which no shard can start", { maxHeapMb: 15 }],
    ["memory in which no function can start", { cpu: { maxOldGenerationSizeMb: 15 } }],
    ["a limit of a true time", { stallMs: true }],
    ["a heart that may beat", { stallMs: 1_000, heart: 1 }],
    ["a heart that nobody listens to", { heart: true }],
    ["a heart with a command that nobody listens to", { heart: { command: "true" } }],
    ["a heart whose command is none", { stallMs: 1_000, heart: { command: " " } }],
    ["a heart without its command", { stallMs: 1_000, heart: {} }],
    ["a heart that has something else", { stallMs: 1_000, heart: { command: "true", delayMs: 1 } }],
    ["a heart that is missing", { stallMs: 1_000, heart: null }],
    ["a heart that is never found to stand still", { heart: true, stallMs: Number.POSITIVE_INFINITY }],
    ["no options at all", null],
  ])("a runtime with %s", async (_, options) => {
    await expect(Runtime.start(as(options))).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
  });

  test.each<[string, object | undefined]>([
    ["no options", undefined],
    ["no seed", {}],
    ["a seed that is a text", { seed: "1" }],
    ["half a seed", { seed: 0.5 }],
    ["a misspelled option", { seed: 1, inorder: true }],
  ])("a simulation with %s", async (_, options) => {
    await expect(simulate(as(options))).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
  });

  test.each([-1, NaN, Infinity, "5"])("a time of %s that is to pass", async (ms) => {
    await using simulation = await simulate({ seed: 1 });
    await expect(simulation.advance(as(ms))).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
    expect(() => new VirtualClock().advance(as(ms))).toThrow(
      expect.objectContaining({ code: "ROOKERY_BADARG" }),
    );
  });

  test("a property that is no function, or for no number of runs", async () => {
    const wrong = { code: "ROOKERY_BADARG" };
    await expect(simulateEach({ runs: 1 }, as(5))).rejects.toMatchObject(wrong);
    for (const runs of ["1", 0, -1, 1.5]) {
      const text = expect.stringContaining("a whole number of runs above 0, got");
      await expect(simulateEach({ runs: as(runs) }, () => {})).rejects.toMatchObject({
        ...wrong,
        message: text,
      });
    }
    await expect(simulateEach(as(undefined), () => {})).rejects.toMatchObject(wrong);
  });

  test("what is not a pid", () => {
    expect(() => runtime.isAlive(as("x"))).toThrow(expect.objectContaining({ code: "ROOKERY_BADARG" }));
    expect(() => runtime.info(as("x"))).toThrow(expect.objectContaining({ code: "ROOKERY_BADARG" }));
  });
});
