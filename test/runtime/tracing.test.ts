import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  GenServer,
  GenStatem,
  initialState,
  keepState,
  noReply,
  ok,
  type Pid,
  reply,
  replyTo,
  type Runtime,
  silentLogger,
  type StatemEvent,
  stop,
  Task,
} from "../../runtime/index.ts";
import { runInProcess, settle, simulate, VirtualClock } from "../../runtime/testing.ts";
import { Runtime as Host } from "../../runtime/index.ts";
import { brief } from "../../runtime/errors.ts";
import { type MessageTracer, type TracedWork, traceMessages } from "../../runtime/tracing.ts";
import { Outbox } from "../../runtime/shards/outbox.ts";
import type { ByteSink } from "../../runtime/shards/peer-line.ts";
import { SignalKind } from "../../runtime/shards/signal-kind.ts";
import type { TermHome } from "../../runtime/shards/term-types.ts";
import { A, B, Cluster } from "./nodes/cluster.ts";
import { runOn, sent } from "./shards/far.ts";

interface Trail {
  readonly names: readonly string[];
}

/** A tracer whose contexts are the names of what is going on. */
class Trails implements MessageTracer<Trail> {
  readonly storage: AsyncLocalStorage<Trail | undefined> = new AsyncLocalStorage();
  readonly ended: string[] = [];
  readonly crossed: unknown[] = [];

  current(): Trail | undefined {
    return this.storage.getStore();
  }

  within<Value>(context: Trail | undefined, work: () => Value): Value {
    return this.storage.run(context, work);
  }

  begin({ kind, name }: TracedWork, parent: Trail): { context: Trail; end(failure?: unknown): void } {
    const context = { names: [...parent.names, `${kind} ${name}`] };
    const end = (failure?: unknown): void => {
      const how = failure === undefined ? "" : `: ${brief(failure)}`;
      this.ended.push(`${context.names.join(" > ")}${how}`);
    };
    return { context, end };
  }

  written({ names }: Trail): unknown {
    this.crossed.push(names);
    return names;
  }

  read(names: unknown): Trail | undefined {
    return Array.isArray(names) ? { names: names as string[] } : undefined;
  }
}

let trails: Trails;
let end: () => void;

beforeEach(() => {
  trails = new Trails();
  end = traceMessages(trails);
});

afterEach(() => end());

function here(): string {
  return trails.current()?.names.join(" > ") ?? "none";
}

/** Runs `work` in a trace of that name. */
function traced<Value>(name: string, work: () => Value): Value {
  return trails.within({ names: [name] }, work);
}

/** Notes the trace in which each of its callbacks runs. */
class Noter extends GenServer<string[], unknown, unknown, unknown> {
  init(notes: string[]) {
    notes.push(`init in ${here()}`);
    return ok(notes);
  }

  override handleCall(request: unknown) {
    this.state.push(`call in ${here()}`);
    if (request === "fail") throw new Error("no");
    return reply(here());
  }

  override handleCast() {
    this.state.push(`cast in ${here()}`);
    return noReply();
  }

  override handleInfo() {
    this.state.push(`info in ${here()}`);
    return noReply();
  }
}

async function withRuntime(body: (runtime: Runtime) => Promise<void>): Promise<void> {
  const runtime = await Host.start({ logger: silentLogger, clock: new VirtualClock() });
  try {
    await body(runtime);
  } finally {
    await runtime.shutdown();
  }
}

describe("a server, while messages are followed", () => {
  test("handles what was sent in a trace in that trace, and all else in none", async () => {
    await withRuntime(async (runtime) => {
      const notes: string[] = [];
      const pid = await runtime.start(Noter, notes);
      traced("a", () => {
        runtime.cast(pid, "x");
        runtime.send(pid, "x");
      });
      runtime.cast(pid, "x");
      traced("b", () => runtime.cast(pid, "x"));
      runtime.send(pid, "x");
      await settle(runtime);
      expect(notes).toEqual([
        "init in none",
        "cast in a > handle_cast Noter",
        "info in a",
        "cast in none",
        "cast in b > handle_cast Noter",
        "info in none",
      ]);
    });
  });

  test("answers a call in the trace of the caller, who goes on in its own", async () => {
    await withRuntime(async (runtime) => {
      const pid = await runtime.start(Noter, []);
      const answer = await traced("a", async () => [await runtime.call(pid, "x"), here()]);
      expect(answer).toEqual(["a > call Noter > handle_call Noter", "a"]);
      expect(trails.ended).toEqual(["a > call Noter", "a > call Noter > handle_call Noter"]);
    });
  });

  test("begins in the trace of who starts it", async () => {
    await withRuntime(async (runtime) => {
      const notes: string[] = [];
      await traced("a", () => runtime.start(Noter, notes));
      expect(notes).toEqual(["init in a"]);
    });
  });

  test("fails in a span that says why, and so does the call that waits", async () => {
    await withRuntime(async (runtime) => {
      const pid = await runtime.start(Noter, []);
      await traced("a", () => runtime.call(pid, "fail").catch(() => undefined));
      expect(trails.ended).toEqual([
        expect.stringMatching(/^a > call Noter > handle_call Noter: .*no/),
        expect.stringMatching(/^a > call Noter: ExitError/),
      ]);
    });
  });

  test("keeps the trace through an asynchronous callback, and its span open until that is done", async () => {
    class Slow extends GenServer<undefined, "x"> {
      init() {
        return ok(undefined);
      }

      override async handleCall() {
        await this.self.sleep(10);
        return reply(here());
      }
    }
    const clock = new VirtualClock();
    const runtime = await Host.start({ logger: silentLogger, clock });
    const pid = await runtime.start(Slow, undefined);
    const answer = traced("a", () => runtime.call(pid, "x"));
    await settle(runtime);
    expect(trails.ended).toEqual([]);
    clock.advance(10);
    expect(await answer).toBe("a > call Slow > handle_call Slow");
    expect(trails.ended).toHaveLength(2);
    await runtime.shutdown();
  });

  test("finds in its mailbox what was sent, and not how it is followed", async () => {
    await withRuntime(async (runtime) => {
      class Reader extends GenServer<undefined, "next", "read"> {
        init() {
          return ok(undefined);
        }

        override async handleCall() {
          return reply(await this.self.receive((message) => message !== "other"));
        }
      }
      const pid = await runtime.start(Reader, undefined);
      const answer = runtime.call(pid, "next");
      await settle(runtime);
      traced("a", () => runtime.cast(pid, "read"));
      expect(await answer).toEqual(["$gen_cast", "read"]);
    });
  });

  test("handles in order what it was sent in several traces at once", async () => {
    await withRuntime(async (runtime) => {
      const notes: string[] = [];
      const pid = await runtime.start(Noter, notes);
      notes.length = 0;
      for (let n = 0; n < 100; n += 1) traced(`t${n}`, () => runtime.send(pid, n));
      await settle(runtime);
      expect(notes).toEqual(Array.from({ length: 100 }, (_, n) => `info in t${n}`));
    });
  });

  test("that is a state machine handles its events so, too", async () => {
    class Machine extends GenStatem<"on", undefined> {
      override callbackMode() {
        return "handle_event_function" as const;
      }

      init() {
        return initialState("on" as const, undefined);
      }

      override handleEvent(event: StatemEvent) {
        return event.type === "call" ? keepState(replyTo(event.from, here())) : keepState();
      }
    }
    await withRuntime(async (runtime) => {
      const pid = await runtime.start(Machine, undefined);
      const answer = await traced("a", () => GenStatem.call(runtime, pid, "x"));
      expect(answer).toBe("a > call Machine > handle_call Machine");
    });
  });

  test("that ends while it handles something ends that span without a failure if its end is orderly", async () => {
    class Ender extends GenServer<undefined, never, "end"> {
      init() {
        return ok(undefined);
      }

      override handleCast() {
        return stop("normal");
      }
    }
    await withRuntime(async (runtime) => {
      const pid = await runtime.start(Ender, undefined);
      traced("a", () => runtime.cast(pid, "end"));
      await settle(runtime);
      expect(trails.ended).toEqual(["a > handle_cast Ender"]);
    });
  });
});

describe("a process, while messages are followed", () => {
  test("runs in the trace of who started it, through all of its awaits", async () => {
    await withRuntime(async (runtime) => {
      const seen: string[] = [];
      const pid = traced("a", () =>
        runtime.spawn(async (self) => {
          seen.push(here());
          await self.receive();
          seen.push(here());
        }),
      );
      await settle(runtime);
      traced("b", () => runtime.send(pid, "go on"));
      await settle(runtime);
      expect(seen).toEqual(["a", "a"]);
    });
  });

  test("that is a task is a piece of work from its start to its end", async () => {
    await withRuntime(async (runtime) => {
      const value = await traced("a", () =>
        runInProcess(runtime, (self) =>
          Task.async(self, async function square() {
            await Promise.resolve();
            return here();
          }).await(),
        ),
      );
      await settle(runtime);
      expect(value).toBe("a > task square");
      expect(trails.ended).toEqual(["a > task square"]);
    });
  });
});

describe("a message to another shard", () => {
  test("is handled in the trace of its sender; one without a trace takes none along", async () => {
    const simulation = await simulate({ seed: 7, shards: 2, logger: silentLogger });
    const notes: string[] = [];
    const started = simulation.runtimes[1]!.start(Noter, notes);
    await simulation.settle();
    const pid = await sent<Pid<Noter>>(simulation, 1, 0, await started);
    await runOn(simulation, 0, (self) => {
      self.cast(pid, "x");
      traced("a", () => self.cast(pid, "x"));
      self.send(pid, "x");
      traced("b", () => self.send(pid, "x"));
      self.cast(pid, "x");
    });
    expect(notes.slice(1)).toEqual([
      "cast in none",
      "cast in a > handle_cast Noter",
      "info in none",
      "info in b",
      "cast in none",
    ]);
    const answer = runOn(simulation, 0, (self) => traced("c", () => self.call(pid, "x")));
    expect(await answer).toBe("c > call GenServer > handle_call Noter");
    expect(trails.crossed).toEqual([["a"], ["b"], ["c", "call GenServer"]]);
  });

  test("comes behind a signal of these bytes, which says to whom, and what the tracer has written", () => {
    const written: number[] = [];
    const sink: ByteSink = {
      hasRoom: true,
      write: (from, start, end) => {
        written.push(...from.subarray(start, end));
        return end - start;
      },
    };
    const outbox = new Outbox({} as TermHome, sink);
    outbox.add([SignalKind.Context, 5, ["a"]]);
    outbox.flush();
    // The length of the batch, then a list: kind, process, context.
    expect(written).toEqual([6, 0, 0, 0, 0x93, 19, 5, 0x91, 0xa1, 0x61]);
  });

  test("that can't be copied leaves nothing of its trace for the next one", async () => {
    const simulation = await simulate({ seed: 7, shards: 2, logger: silentLogger });
    const notes: string[] = [];
    const started = simulation.runtimes[1]!.start(Noter, notes);
    await simulation.settle();
    const pid = await sent<Pid<Noter>>(simulation, 1, 0, await started);
    await runOn(simulation, 0, (self) => {
      expect(() => traced("a", () => self.send(pid, () => {}))).toThrow(/can be copied/);
      self.send(pid, "x");
    });
    expect(notes.slice(1)).toEqual(["info in none"]);
  });
});

describe("a message to another node", () => {
  test("is handled in the trace of its sender, by pid and by name", async () => {
    const cluster = new Cluster(3, 2);
    await cluster.start(A);
    await cluster.start(B);
    await cluster.settle();
    const notes: string[] = [];
    const started = cluster.runtime(B, 1).start(Noter, notes, { name: "noter" });
    await cluster.settle();
    await started;
    const [byName, byPid] = await cluster.run(A, async (self) => {
      const name = { name: "noter", node: B };
      traced("cast", () => self.cast(name, "x"));
      const first = await traced("a", () => self.call(name, "x"));
      return [first, await traced("b", () => self.call(name, "x"))];
    });
    expect([byName, byPid]).toEqual([
      "a > call GenServer > handle_call Noter",
      "b > call GenServer > handle_call Noter",
    ]);
    expect(notes[1]).toBe("cast in cast > handle_cast Noter");
  });
});

describe("nobody follows messages", () => {
  test("once the function that ends it was called: nothing is carried, here or to other shards", async () => {
    const simulation = await simulate({ seed: 7, shards: 2, logger: silentLogger });
    const notes: string[] = [];
    const started = simulation.runtimes[1]!.start(Noter, notes);
    await simulation.settle();
    const pid = await sent<Pid<Noter>>(simulation, 1, 0, await started);
    end();
    await runOn(simulation, 0, (self) => traced("a", () => self.cast(pid, "x")));
    expect(notes.slice(1)).toEqual(["cast in none"]);
    expect(trails.crossed).toEqual([]);
  });
});
