import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  Ref,
  Runtime,
  type Self,
  silentLogger,
  Task,
  TaskReply,
  type TaskStreamOptions,
} from "../../runtime/index.ts";
import { runInProcess, settle, simulateEach, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock, cores: 2 });
});

afterEach(() => runtime.shutdown());

const boom = new Error("boom");
const waits = (self: Self) => self.receive(() => false);
const ok = (value: unknown) => ({ ok: true, value });

/** Runs `body` in a process, and looks whether it leaves a message, a link or a monitor behind. */
function leavingNothing<Value>(body: (self: Self) => Promise<Value>): Promise<Value> {
  return runInProcess(runtime, async (self) => {
    const value = await body(self);
    await settle(runtime);
    const info = self.info(self.pid)!;
    expect([info.messageQueueLength, info.links, info.monitors]).toEqual([0, [], []]);
    return value;
  });
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Tasks that each wait until they are let go, and what has been seen of them. */
class Gates {
  readonly pulled: number[] = [];
  readonly #open = new Map<number, (value?: unknown) => void>();

  *inputs(count: number): Generator<number> {
    for (let n = 1; n <= count; n += 1) {
      this.pulled.push(n);
      yield n;
    }
  }

  body = async (n: number): Promise<number> => {
    await new Promise((resolve) => this.#open.set(n, resolve));
    return n * 10;
  };

  get waiting(): number[] {
    return [...this.#open.keys()];
  }

  async open(n: number): Promise<void> {
    await settle(runtime);
    this.#open.get(n)!();
    this.#open.delete(n);
    await settle(runtime);
  }
}

describe("Task.asyncStream", () => {
  test("answers results in the order of the inputs (299)", async () => {
    const gates = new Gates();
    await leavingNothing(async (self) => {
      const results = collect(Task.asyncStream(self, gates.inputs(2), gates.body));
      await gates.open(2);
      await gates.open(1);
      expect(await results).toEqual([ok(10), ok(20)]);
    });
  });

  test("unordered, answers them as tasks finish (299)", async () => {
    const gates = new Gates();
    await leavingNothing(async (self) => {
      const results = collect(Task.asyncStream(self, gates.inputs(2), gates.body, { ordered: false }));
      await gates.open(2);
      await gates.open(1);
      expect(await results).toEqual([ok(20), ok(10)]);
    });
  });

  test("runs so many tasks at a time as the runtime has cores, and takes an input only when there is room (299)", async () => {
    const gates = new Gates();
    await leavingNothing(async (self) => {
      const results = collect(Task.asyncStream(self, gates.inputs(4), gates.body));
      await settle(runtime);
      expect([gates.pulled, gates.waiting]).toEqual([
        [1, 2],
        [1, 2],
      ]);
      await gates.open(2);
      expect([gates.pulled, gates.waiting]).toEqual([
        [1, 2, 3],
        [1, 3],
      ]);
      for (const n of [1, 3, 4]) await gates.open(n);
      expect(await results).toEqual([ok(10), ok(20), ok(30), ok(40)]);
    });
  });

  test("takes no input before somebody asks for a result, and asynchronous inputs as they come (299)", async () => {
    const gates = new Gates();
    await leavingNothing(async (self) => {
      const results = Task.asyncStream(self, gates.inputs(3), (n) => n, { maxConcurrency: 1 });
      await settle(runtime);
      expect(gates.pulled).toEqual([]);
      expect((await results.next()).value).toEqual(ok(1));
      await settle(runtime);
      expect(gates.pulled).toEqual([1]);
      expect(await collect(Task.asyncStream(self, results, (result) => result))).toEqual([
        ok(ok(2)),
        ok(ok(3)),
      ]);
    });
  });

  test("gives each task its own time, and fails when one takes longer (300)", async () => {
    await leavingNothing(async (self) => {
      const results = Task.asyncStream(self, [1, 2], (_, task) => waits(task), { timeoutMs: 20 });
      const failed = expect(collect(results)).rejects.toMatchObject({
        code: "ROOKERY_TASK_TIMEOUT",
        reason: ["timeout", ["Task.Supervised", "stream", [20]]],
      });
      await settle(runtime);
      clock.advance(20);
      await failed;
      expect(runtime.processes()).toEqual([self.pid]);
    });
  });

  test.each<[string, TaskStreamOptions, unknown]>([
    ["the task alone ends", { onTimeout: "kill_task" }, "timeout"],
    [
      "and the input tells which it was",
      { onTimeout: "kill_task", zipInputOnExit: true },
      ["slow", "timeout"],
    ],
  ])("with onTimeout kill_task %s (300)", async (_, options, reason) => {
    await leavingNothing(async (self) => {
      const inputs = ["slow", "quick", "later"];
      const body = (input: string, task: Self) => (input === "slow" ? waits(task) : input);
      const results = collect(Task.asyncStream(self, inputs, body, { timeoutMs: 20, ...options }));
      await settle(runtime);
      clock.advance(20);
      expect(await results).toEqual([{ ok: false, reason }, ok("quick"), ok("later")]);
    });
  });

  test.each(["kill_task", "exit"] as const)(
    "a task that takes too long ends at its time, also while nobody asks for results: onTimeout %s (300)",
    async (onTimeout) => {
      await leavingNothing(async (self) => {
        const body = (input: number, task: Self) => (input === 1 ? input : waits(task));
        const results = Task.asyncStream(self, [1, 2], body, { timeoutMs: 20, onTimeout });
        expect((await results.next()).value).toEqual(ok(1));
        clock.advance(20);
        await settle(runtime);
        expect(runtime.processes()).toEqual([self.pid]);
        const rest = collect(results);
        if (onTimeout === "exit") await expect(rest).rejects.toMatchObject({ code: "ROOKERY_TASK_TIMEOUT" });
        else expect(await rest).toEqual([{ ok: false, reason: "timeout" }]);
      });
    },
  );

  test("without a limit of time waits as long as it takes (300)", async () => {
    const gates = new Gates();
    await leavingNothing(async (self) => {
      const results = collect(
        Task.asyncStream(self, [1], gates.body, { timeoutMs: Number.POSITIVE_INFINITY }),
      );
      await settle(runtime);
      clock.advance(2 ** 32);
      await gates.open(1);
      expect(await results).toEqual([ok(10)]);
    });
  });

  test("a value that was sent in time counts, however late it is taken (300)", async () => {
    const gates = new Gates();
    await leavingNothing(async (self) => {
      const results = Task.asyncStream(self, [1, 2], async (n) => (n === 2 ? gates.body(2) : n), {
        timeoutMs: 20,
      });
      expect((await results.next()).value).toEqual(ok(1));
      await gates.open(2);
      clock.advance(20);
      expect(await collect(results)).toEqual([ok(20)]);
    });
  });

  test("a task that crashes takes its owner along, unless that traps exits (301)", async () => {
    const crashing = (self: Self) => collect(Task.asyncStream(self, [1], () => Promise.reject(boom)));
    await runInProcess(runtime, async (self) => {
      self.spawnMonitor(crashing);
      expect(((await self.receive()) as DownMessage).reason).toBe(boom);
    });
    await leavingNothing(async (self) => {
      self.trapExit(true);
      expect(await crashing(self)).toEqual([{ ok: false, reason: boom }]);
      const zipped = Task.asyncStream(self, [1], (_, task) => task.exit("normal"), { zipInputOnExit: true });
      expect(await collect(zipped)).toEqual([{ ok: false, reason: [1, "normal"] }]);
    });
  });

  test.each([true, false])(
    "leaving early kills the tasks that run and leaves no message, trapping: %s (302)",
    async (traps) => {
      await leavingNothing(async (self) => {
        self.trapExit(traps);
        let returned = false;
        function* inputs() {
          try {
            for (let n = 1; ; n += 1) yield n;
          } finally {
            returned = true;
          }
        }
        const body = (n: number, task: Self) => (n === 3 ? waits(task) : n);
        const options = { maxConcurrency: 3, ordered: false, timeoutMs: 20 };
        for await (const result of Task.asyncStream(self, inputs(), body, options)) {
          expect(result.ok).toBe(true);
          await settle(runtime);
          clock.advance(20);
          break;
        }
        expect(returned).toBe(true);
        expect(runtime.processes()).toEqual([self.pid]);
      });
    },
  );

  test("inputs that fail end it with their error, and the tasks that run (302)", async () => {
    await leavingNothing(async (self) => {
      function* inputs() {
        yield 1;
        throw boom;
      }
      await expect(collect(Task.asyncStream(self, inputs(), (_, task) => waits(task)))).rejects.toBe(boom);
      expect(runtime.processes()).toEqual([self.pid]);
    });
  });

  test("when the owner dies, its tasks die, too (302)", async () => {
    const owner = runtime.spawn((self) => collect(Task.asyncStream(self, [1, 2], (_, task) => waits(task))));
    await settle(runtime);
    expect(runtime.processes()).toHaveLength(3);
    runtime.exit(owner, "bye");
    expect(runtime.processes()).toEqual([]);
  });

  test.each<[string, TaskStreamOptions]>([
    ["no room at all (303)", { maxConcurrency: 0 }],
    ["half a task (303)", { maxConcurrency: 1.5 }],
    ["a negative time", { timeoutMs: -1 }],
    ["a time that is no number", { timeoutMs: "soon" as never }],
    ["another end on timeout", { onTimeout: "ignore" as never }],
    ["a misspelled name", { max_concurrency: 2 } as never],
  ])("refuses %s", async (_, options) => {
    await runInProcess(runtime, (self) => {
      expect(() => Task.asyncStream(self, [1], (n) => n, options)).toThrow(
        expect.objectContaining({ code: "ROOKERY_BADARG" }),
      );
    });
  });

  test("leaves alone what is not of its own tasks: DOWNs and replies of others stay where they are (299)", async () => {
    await runInProcess(runtime, async (self) => {
      const strangers = [new DownMessage("DOWN", new Ref(), self.pid, "oops"), new TaskReply(new Ref(), "z")];
      const body = (_: number, task: Self) => {
        for (const message of strangers) task.send(self.pid, message);
      };
      expect(await collect(Task.asyncStream(self, [1], body))).toEqual([ok(undefined)]);
      expect(self.info(self.pid, "messages")).toEqual(strangers);
    });
  });

  test.each([true, false])(
    "two streams of one owner can be read in turn, crashing (%s) or not (299)",
    async (crashes) => {
      await leavingNothing(async (self) => {
        self.trapExit(true);
        const options = { maxConcurrency: 3 };
        const body = (n: number, task: Self) => (crashes ? task.exit(n) : n);
        const [left, right] = [1, 2].map((times) =>
          Task.asyncStream(self, [1, 2, 3], (n, task) => body(n * times, task), options),
        );
        const pairs: unknown[] = [];
        for await (const one of left!) {
          const { value: other } = await right!.next();
          pairs.push([one, other]);
        }
        await right!.return();
        const result = (n: number) => (crashes ? { ok: false, reason: n } : ok(n));
        expect(pairs).toEqual([1, 2, 3].map((n) => [result(n), result(n * 2)]));
      });
    },
  );

  test("its tasks work for its owner, and for whom that works (295)", async () => {
    await leavingNothing(async (self) => {
      const callers = (_: unknown, task: Self) => task.get("$callers");
      const nested = async (_: unknown, task: Self) => [
        task.pid,
        await collect(Task.asyncStream(task, [1], callers)),
      ];
      const [result] = await collect(Task.asyncStream(self, [1], nested));
      const [pid, inner] = (result as { value: unknown[] }).value;
      expect(inner).toEqual([ok([pid, self.pid])]);
    });
  });

  test("holds all of this in any order of turns (299, 300, 301, 302)", async () => {
    const seen = new Set<string>();
    await simulateEach({ runs: 60, logger: silentLogger }, async (simulation) => {
      const { random } = simulation.runtime;
      const below = (limit: number) => Math.floor(random.next() * limit);
      const tasks = Array.from({ length: below(12) }, (_, index) => ({
        index,
        ms: below(60),
        crashes: below(8) === 0,
      }));
      const taken = below(3) === 0 ? 1 + below(5) : Number.POSITIVE_INFINITY;
      const maxConcurrency = 1 + below(4);
      const ordered = below(2) === 0;
      let running = 0;
      let mostRunning = 0;
      const body = async (input: (typeof tasks)[number], task: Self) => {
        mostRunning = Math.max(mostRunning, (running += 1));
        task.signal.addEventListener("abort", () => (running -= 1));
        await task.receive(() => false, { timeoutMs: input.ms });
        return input.crashes ? task.exit("crashed") : input;
      };
      const answered: unknown[] = [];
      let left: unknown;
      simulation.runtime.spawn(async (self) => {
        self.trapExit(true);
        const options = { timeoutMs: 40, onTimeout: "kill_task", zipInputOnExit: true } as const;
        const results = Task.asyncStream(self, tasks, body, { ...options, maxConcurrency, ordered });
        for await (const result of results) {
          const [input, end] = result.ok
            ? [result.value, "value"]
            : (result.reason as [(typeof tasks)[number], string]);
          seen.add(end);
          answered.push(input.index);
          if (answered.length === taken) break;
          await self.receive(() => false, { timeoutMs: below(50) });
        }
        const info = self.info(self.pid)!;
        left = [info.messageQueueLength, info.links, info.monitors];
      });
      await simulation.advance(2_000);
      expect(left).toEqual([0, [], []]);
      expect(simulation.runtime.processes()).toEqual([]);
      expect(mostRunning).toBeLessThanOrEqual(maxConcurrency);
      expect(new Set(answered).size).toBe(Math.min(tasks.length, taken));
      if (ordered) expect(answered).toEqual(answered.map((_, index) => index));
    });
    expect([...seen].toSorted()).toEqual(["crashed", "timeout", "value"]);
  });
});
