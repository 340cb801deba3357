import { expect, test } from "vitest";
import { GenServer, GenStatem, ok, Runtime, silentLogger } from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";

class Forgetful extends GenServer<undefined> {
  override init(): Promise<never> {
    return new Promise(() => {});
  }
}

class ForgetfulMachine extends GenStatem<string, undefined> {
  override init(): Promise<never> {
    return new Promise(() => {});
  }
}

class Slow extends GenServer<undefined> {
  override async init(go: Promise<void>): Promise<ReturnType<typeof ok<undefined>>> {
    await go;
    return ok(undefined);
  }
}

async function warningRuntime(clock: VirtualClock, warnings: string[]): Promise<Runtime> {
  const warn = (_fields: object, message: string): void => void warnings.push(message);
  return Runtime.start({ clock, logger: { ...silentLogger, warn } });
}

test.each([Forgetful, ForgetfulMachine])(
  "an init that never resolves is warned of, once: %s",
  async (Server) => {
    const clock = new VirtualClock();
    const warnings: string[] = [];
    const runtime = await warningRuntime(clock, warnings);
    const started = runtime.start(Server as typeof Forgetful, undefined, { name: "forgetful" });
    const failed = expect(started).rejects.toMatchObject({ reason: "killed" });
    await settle(runtime);
    clock.advance(9_999);
    expect(warnings).toEqual([]);
    clock.advance(100_000);
    expect(warnings).toEqual([
      `${Server.name} forgetful has been in its init for 10000 ms: who started it still waits`,
    ]);
    await runtime.shutdown();
    await failed;
  },
);

test("an init that resolves in time is not warned of, and leaves no timer behind", async () => {
  const clock = new VirtualClock();
  const warnings: string[] = [];
  const runtime = await warningRuntime(clock, warnings);
  const go = Promise.withResolvers<void>();
  const started = runtime.start(Slow, go.promise);
  await settle(runtime);
  go.resolve();
  await started;
  expect(runtime.shard.timers.length).toBe(0);
  clock.advance(100_000);
  expect(warnings).toEqual([]);
  await runtime.shutdown();
});
