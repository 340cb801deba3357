// A program that starts a server of its own main module on another shard. Run by a test, never imported by one.
import { GenServer, ok, Runtime, silentLogger } from "../../../runtime/index.ts";

process.stdout.write("main\n");

export class Inside extends GenServer<number> {
  static override readonly module: string = import.meta.url;

  override init(): ReturnType<GenServer<number>["init"]> {
    return ok(1);
  }
}

async function run(): Promise<void> {
  // Started later than its module is loaded, if the test says so: nobody can tell then what it belongs to.
  if (process.env["STARTS"] === "later") await new Promise((resolve) => setImmediate(resolve));
  const runtime = await Runtime.start({ shards: 2, logger: silentLogger });
  const tried = runtime.start(Inside, undefined, { on: { shard: 1 }, timeoutMs: 5_000 });
  await tried.then(
    () => process.stdout.write("started\n"),
    (error: Error) => process.stdout.write(`${error.message}\n`),
  );
  await runtime.shutdown();
}

if (process.env["STARTS"] === "later")
  run().catch((error: Error) => process.stdout.write(`${error.message}\n`));
else await run();
