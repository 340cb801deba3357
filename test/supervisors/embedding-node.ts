// A program for test/supervisors/embedding.test.ts, in a process of its own: what its argument names is done, and what it left goes to stdout
// as JSON.
import { registerHooks } from "node:module";
import { setImmediate } from "node:timers/promises";

const loaded: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    loaded.push(resolved.url);
    return resolved;
  },
});
const { GenServer, noReply, ok, reply, Runtime, silentLogger, Supervisor } = await import("rookery");
type Options = Parameters<typeof Runtime.start>[0];

/** The packages that were loaded so far, and the files of Rookery's own that start threads. */
function packages(): string[] {
  const names = loaded.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
  const threads = loaded.flatMap((url) => /\/(watchdog|shard-threads|cpu-worker)\.ts$/.exec(url)?.[1] ?? []);
  return [...new Set([...names, ...threads])].toSorted();
}

interface Handle {
  readonly type: string;
}

/** All handles of this process, those too that don't keep it running; and its threads. */
function held(): Record<string, number> {
  // Else it looks up the names of all addresses.
  Object.assign(process.report, { excludeNetwork: true });
  const { libuv, workers } = process.report.getReport() as unknown as {
    readonly libuv: readonly Handle[];
    readonly workers: readonly unknown[];
  };
  const counts: Record<string, number> = { workers: workers.length };
  for (const { type } of libuv) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

class Counter extends GenServer<number, "count", "add", "tick"> {
  init(start: number) {
    this.self.sendInterval(1, this.self.pid, "tick");
    this.self.sendAfter(1_000_000, this.self.pid, "tick");
    return ok(start);
  }
  override handleCall() {
    return reply(this.state);
  }
  override handleCast() {
    this.state += 1;
    return noReply();
  }
  override handleInfo() {
    return noReply();
  }
}

/** Starts a runtime with a tree, puts it to work, and stops it in the middle. */
async function startAndStop(options: Options): Promise<void> {
  const runtime = await Runtime.start({ ...options, logger: silentLogger });
  await runtime.start(Supervisor, {
    strategy: "one_for_one",
    children: [{ id: "counter", start: [Counter, 1], name: "counter" }],
  });
  runtime.cast("counter" as never, "add" as never);
  await runtime.call("counter" as never, "count" as never);
  runtime.spawn((self) => self.sleep(1_000_000));
  await runtime.shutdown();
}

async function often(times: number, options: Options): Promise<unknown> {
  // What is loaded once stays.
  await startAndStop(options);
  await setImmediate();
  const before = held();
  for (let time = 0; time < times; time += 1) await startAndStop(options);
  let after = held();
  // Closed handles go with the next turns of the event loop.
  for (let turn = 0; turn < 1_000 && JSON.stringify(after) !== JSON.stringify(before); turn += 1) {
    await setImmediate();
    after = held();
  }
  return { before, after, active: process.getActiveResourcesInfo().filter((type) => !type.endsWith("Wrap")) };
}

const scenarios: Record<string, () => Promise<unknown>> = {
  async imports() {
    const { workers } = held();
    await startAndStop({});
    return { workers, packages: packages() };
  },
  async "imports with shards"() {
    await startAndStop({ shards: 2, stallMs: 1_000 });
    return packages();
  },
  async "one shard"() {
    return often(100, {});
  },
  async "one shard, watched"() {
    return often(20, { stallMs: 1_000 });
  },
  async "two shards, watched"() {
    return often(10, { shards: 2, stallMs: 1_000 });
  },
};

process.stdout.write(JSON.stringify(await scenarios[process.argv[2]!]!()));
