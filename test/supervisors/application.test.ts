import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  GenServer,
  type Logger,
  ok,
  reply,
  Runtime,
  type RuntimeOptions,
  StartError,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import {
  Application,
  type ApplicationOptions,
  type ApplicationSpec,
  type ChildSpec,
  type SupervisorOptions,
} from "../../supervisors/index.ts";
import { worker, type WorkerOptions } from "./scripted-worker.ts";

let clock: VirtualClock;
let journal: string[];
let reports: string[];
let sentences: string[];
let codes: number[];
let exited: Promise<number>;
let exit: (code: number) => void;
let signals: EventEmitter;
let running: Application | undefined;

beforeEach(() => {
  clock = new VirtualClock();
  journal = [];
  reports = [];
  sentences = [];
  codes = [];
  signals = new EventEmitter();
  const { promise, resolve } = Promise.withResolvers<number>();
  exited = promise;
  exit = (code) => {
    codes.push(code);
    resolve(code);
  };
  running = undefined;
});

afterEach(() => running?.stop().catch(() => {}));

async function run(
  start: readonly ChildSpec[] | SupervisorOptions,
  more: Partial<ApplicationOptions> = {},
): Promise<Application> {
  const error = (_fields: object, message: string) => void reports.push(message);
  const runtime: RuntimeOptions = { clock, logger: { debug() {}, info() {}, warn() {}, error } as Logger };
  const report = (sentence: string) => void sentences.push(sentence);
  running = await Application.run({ name: "demo", start, runtime, signals, exit, report, ...more });
  return running;
}

const a = (options?: WorkerOptions) => worker(journal, "a", { trapExit: true, ...options });
const b = (options?: WorkerOptions) => worker(journal, "b", { trapExit: true, ...options });

describe("Application.run", () => {
  test("starts a tree whose root is registered under the application's name", async () => {
    const { runtime, supervisor } = await run([a(), b()]);
    expect(runtime.whereis("demo.supervisor")).toBe(supervisor);
    expect(journal).toEqual(["start a", "start b"]);
  });

  test("takes the options of the root supervisor, too", async () => {
    const { runtime } = await run({ strategy: "one_for_all", children: [a(), b()] });
    runtime.exit("a", "kill");
    await settle(runtime);
    expect(journal).toEqual(["start a", "start b", "end b shutdown", "start a", "start b"]);
  });

  test("leaves nothing behind once it is stopped", async () => {
    const application = await run([a()]);
    application.runtime.spawn((self) => self.receive());
    await application.stop();
    expect(signals.eventNames()).toEqual([]);
    expect(codes).toEqual([]);
    expect(journal).toEqual(["start a", "end a shutdown"]);
    expect(application.runtime.processes()).toEqual([]);
  });
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  describe(`${signal}`, () => {
    test("stops the tree, last started first, and exits with 0", async () => {
      await run([a(), b()]);
      journal.length = 0;
      signals.emit(signal, signal);
      expect(await exited).toBe(0);
      expect(journal).toEqual(["end b shutdown", "end a shutdown"]);
      expect(sentences).toEqual([]);
    });

    test("a second one exits at once, with the code of a program that a signal has ended", async () => {
      const { runtime } = await run([a({ terminateMs: 3_600_000, shutdown: "infinity" })]);
      signals.emit(signal, signal);
      await settle(runtime);
      expect(codes).toEqual([]);
      signals.emit(signal, signal);
      expect(codes).toEqual([{ SIGTERM: 143, SIGINT: 130 }[signal]]);
      expect(sentences).toEqual([`demo ends at once: another signal came, ${signal}, before it had stopped`]);
      clock.advance(3_600_000);
      await exited;
    });
  });
}

describe("a stop with a limit", () => {
  test("that is not over in time ends at once, with 1 and a sentence", async () => {
    const { runtime } = await run([a({ terminateMs: 3_600_000, shutdown: "infinity" })], { stopMs: 500 });
    signals.emit("SIGTERM", "SIGTERM");
    await settle(runtime);
    clock.advance(499);
    await settle(runtime);
    expect(codes).toEqual([]);
    clock.advance(1);
    expect(await exited).toBe(1);
    expect(sentences).toEqual(["demo ends at once: it did not stop within 500 ms"]);
    clock.advance(3_600_000);
  });

  test("that is over in time is as one without", async () => {
    await run([a()], { stopMs: 500 });
    signals.emit("SIGTERM", "SIGTERM");
    expect(await exited).toBe(0);
    clock.advance(500);
    expect(codes).toEqual([0]);
    expect(sentences).toEqual([]);
  });

  test("is refused if it is no time", async () => {
    await expect(run([a()], { stopMs: -1 })).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
  });
});

describe("a signal", () => {
  test("that comes while the tree is starting stops it when it has started", async () => {
    const interrupt: ChildSpec["start"] = () => {
      signals.emit("SIGTERM", "SIGTERM");
      return { ok: false, reason: "ignore" };
    };
    await run([a(), { id: "interrupt", start: interrupt }, b()]);
    expect(await exited).toBe(0);
    expect(journal).toEqual(["start a", "start b", "end b shutdown", "end a shutdown"]);
  });

  test("that comes while stop() is at work only makes it exit when that is done", async () => {
    const application = await run([a({ terminateMs: 100 })]);
    const stopped = application.stop();
    signals.emit("SIGTERM", "SIGTERM");
    await settle(application.runtime);
    expect(codes).toEqual([]);
    clock.advance(100);
    await stopped;
    expect(await exited).toBe(0);
  });
});

describe("a tree that does not start", () => {
  test("is one sentence and exit code 1", async () => {
    const inUse = Object.assign(new Error("address in use"), { code: "EADDRINUSE" });
    await expect(run([a(), b({ starts: [inUse] })])).rejects.toBeInstanceOf(StartError);
    expect(sentences).toEqual(["demo could not start: child b failed to start: address in use"]);
    expect(reports).toEqual([]);
    expect(codes).toEqual([1]);
    expect(journal).toEqual(["start a", "try b", "end a shutdown"]);
    expect(signals.eventNames()).toEqual([]);
  });

  test("is reported in full, too, if the reason is a fault of the program", async () => {
    await expect(run([a({ starts: [new TypeError("x is not a function")] })])).rejects.toBeInstanceOf(
      StartError,
    );
    expect(sentences).toEqual(["demo could not start: child a failed to start: x is not a function"]);
    expect(reports).toContainEqual(
      expect.stringContaining("Child a of supervisor demo.supervisor failed to start"),
    );
  });

  test("may be a strategy that nobody has named", async () => {
    await expect(run({ children: [a()] } as never)).rejects.toBeInstanceOf(StartError);
    expect(sentences).toEqual([
      expect.stringMatching(/^demo could not start: Expected a strategy of .*, got undefined$/),
    ]);
  });

  test("may be a start function that throws: the sentence has its message, not its stack", async () => {
    const start = () => {
      throw Object.assign(new Error("address in use"), { code: "EADDRINUSE" });
    };
    await expect(run([{ id: "web", start }])).rejects.toBeInstanceOf(StartError);
    expect(sentences).toEqual(["demo could not start: child web failed to start: address in use"]);
    expect(reports).toEqual([]);
  });

  test("may be a misspelled option", async () => {
    await expect(run({ strategy: "one_for_one", childern: [] } as never)).rejects.toBeInstanceOf(StartError);
    expect(sentences).toEqual([
      expect.stringContaining("demo could not start: Expected only the names strategy"),
    ]);
  });
});

describe("a root supervisor that gives up", () => {
  test("is one sentence and exit code 1", async () => {
    const { runtime } = await run({ strategy: "one_for_one", intensity: 0, children: [a(), b()] });
    runtime.cast("b", "boom");
    expect(await exited).toBe(1);
    expect(sentences).toEqual(["demo stopped: its root supervisor ended with shutdown"]);
    expect(journal).toEqual(["start a", "start b", "end b boom", "end a shutdown"]);
  });

  test("is exit code 1, too, while it is being stopped", async () => {
    const { runtime, supervisor } = await run([a({ terminateMs: 100 })]);
    signals.emit("SIGTERM", "SIGTERM");
    await settle(runtime);
    runtime.exit(supervisor, "kill");
    expect(await exited).toBe(1);
    expect(sentences).toEqual([expect.stringContaining("demo did not stop in order")]);
  });
});

describe("applications that an application needs", () => {
  let store: ApplicationSpec;
  const needs = (applications: readonly ApplicationSpec[], start: readonly ChildSpec[] = [b()]) =>
    run(start, { applications });

  beforeEach(() => {
    store = { name: "store", start: [a()] };
  });

  test("are started before it and stopped after it, each once", async () => {
    const mail: ApplicationSpec = {
      name: "mail",
      start: [worker(journal, "m", { trapExit: true })],
      applications: [store],
    };
    const application = await needs([mail, store]);
    expect(application.supervisor).toBe(application.runtime.whereis("demo.supervisor"));
    expect(application.runtime.registered()).toContain("store.supervisor");
    await application.stop();
    expect(journal).toEqual([
      "start a",
      "start m",
      "start b",
      "end b shutdown",
      "end m shutdown",
      "end a shutdown",
    ]);
  });

  test("are stopped when it does not start", async () => {
    await expect(needs([store], [b({ starts: [{ stop: "why" }] })])).rejects.toBeInstanceOf(StartError);
    expect(journal).toEqual(["start a", "try b", "end a shutdown"]);
    expect(codes).toEqual([1]);
  });

  test("keep it from starting when they don't", async () => {
    const broken: ApplicationSpec = { name: "store", start: [a({ starts: [{ stop: "why" }] })] };
    await expect(needs([broken])).rejects.toBeInstanceOf(StartError);
    expect(sentences).toEqual(["demo could not start: application store: child a failed to start: why"]);
    expect(journal).toEqual(["try a"]);
  });

  test("end it in order when one of them gives up", async () => {
    const { runtime } = await needs([store]);
    runtime.exit("store.supervisor", "kill");
    expect(await exited).toBe(1);
    expect(sentences).toEqual(["demo stopped: the root supervisor of store ended with killed"]);
    expect(journal).toContain("end b shutdown");
  });

  test("are stopped even if it does not stop as told", async () => {
    const { runtime, supervisor } = await needs([store], [b({ terminateMs: 100 })]);
    signals.emit("SIGTERM", "SIGTERM");
    await settle(runtime);
    runtime.exit(supervisor, "kill");
    expect(await exited).toBe(1);
    expect(journal).toContain("end a shutdown");
    expect(sentences).toEqual([expect.stringContaining("demo did not stop in order")]);
  });

  test("have names of their own, and don't need themselves", async () => {
    const code = "ROOKERY_APPLICATION_NAME";
    await expect(needs([store, { name: "store", start: [] }])).rejects.toMatchObject({ code });
    const circle: { applications: ApplicationSpec[] } & ApplicationSpec = {
      name: "circle",
      start: [],
      applications: [],
    };
    circle.applications.push(circle);
    await expect(needs([circle])).rejects.toMatchObject({ code });
    expect(journal).toEqual([]);
    expect(signals.eventNames()).toEqual([]);
  });
});

describe("the environment of an application", () => {
  test("is there for every process of the runtime, from the first start on", async () => {
    class Reader extends GenServer<unknown, "read"> {
      init() {
        return ok(Application.getEnv(this.self, "demo", "greeting"));
      }
      override handleCall() {
        return reply([this.state, Application.fetchEnv(this.self, "store", "rows")]);
      }
    }
    const store: ApplicationSpec = { name: "store", start: [], env: { rows: 7 } };
    const { runtime } = await run([{ id: "reader", start: [Reader], name: "reader" }], {
      applications: [store],
      env: { greeting: "hello" },
    });
    expect(await runtime.call("reader", "read")).toEqual(["hello", 7]);
    expect(Application.getEnv(runtime, "demo", "greeting")).toBe("hello");
  });

  test("answers a default for what is not set, and fetchEnv throws", async () => {
    const { runtime } = await run([], { env: { nothing: undefined } });
    expect(Application.getEnv(runtime, "demo", "missing", "default")).toBe("default");
    expect(Application.getEnv(runtime, "demo", "nothing", "default")).toBeUndefined();
    expect(() => Application.fetchEnv(runtime, "demo", "missing")).toThrow(
      expect.objectContaining({ code: "ROOKERY_NO_ENV" }),
    );
  });

  test("can be set without an application, and is that of one runtime", async () => {
    const [one, other] = await Promise.all([Runtime.start(), Runtime.start()]);
    Application.putEnv(one, "demo", "key", 1);
    expect(await runInProcess(one, (self) => Application.fetchEnv(self, "demo", "key"))).toBe(1);
    expect(Application.getEnv(other, "demo", "key")).toBeUndefined();
    await Promise.all([one.shutdown(), other.shutdown()]);
  });
});

describe("a program", () => {
  /** Runs a program whose tree does no I/O. */
  function program(main: string) {
    const door = new URL("../../index.ts", import.meta.url).href;
    const code = `
      import { Application, GenServer, ok } from "${door}";
      class Idle extends GenServer { init() { this.self.trapExit(true); return ok(0); } terminate() { console.log("ended"); } }
      class Broken extends GenServer { init() { throw Object.assign(new Error("disk full"), { code: "ENOSPC" }); } }
      const run = (...servers) =>
        Application.run({ name: "program", start: servers.map((server) => ({ id: server.name, start: [server] })) });
      ${main}`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    const errors: string[] = [];
    createInterface(child.stdout).on("line", (line) => lines.push(line));
    createInterface(child.stderr).on("line", (line) => errors.push(line));
    return { child, lines, errors, closed: once(child, "close") };
  }

  test("runs until SIGTERM, and exits with 0 when its tree has ended", async () => {
    const { child, lines, errors, closed } = program('await run(Idle); console.log("running");');
    await once(child.stdout!, "data");
    child.kill("SIGTERM");
    expect(await closed).toEqual([0, null]);
    expect(lines).toEqual(["running", "ended"]);
    expect(errors).toEqual([]);
  });

  test("ends by itself once it has stopped its application", async () => {
    const { lines, closed } = program("const application = await run(Idle); await application.stop();");
    expect(await closed).toEqual([0, null]);
    expect(lines).toEqual(["ended"]);
  });

  test("says one sentence on stderr and exits with 1 when its tree does not start", async () => {
    const { lines, errors, closed } = program("await run(Idle, Broken);");
    expect(await closed).toEqual([1, null]);
    expect(lines).toEqual(["ended"]);
    expect(errors).toEqual(["program could not start: child Broken failed to start: disk full"]);
  });
});
