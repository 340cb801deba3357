import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Runtime, silentLogger } from "../../runtime/index.ts";
import { Scripted } from "./scripted-server.ts";

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

describe("a runtime that was shut down", () => {
  test("starts nothing any more, and says so", async () => {
    await runtime.shutdown();
    const failure = expect.objectContaining({ code: "ROOKERY_SHUT_DOWN" });
    await expect(runtime.start(Scripted, {} as never)).rejects.toThrow(failure);
    expect(() => runtime.spawn(() => {})).toThrow(failure);
  });

  test("answers a call to a name with noproc", async () => {
    await runtime.shutdown();
    await expect(runtime.call("nobody", 1)).rejects.toMatchObject({ code: "ROOKERY_NOPROC" });
  });

  test("can be shut down again, and nothing that is harmless fails", async () => {
    await runtime.shutdown();
    await runtime.shutdown();
    runtime.cast("nobody", 1);
    expect(runtime.exit("nobody", "kill")).toBe(true);
    expect(runtime.whereis("nobody")).toBeUndefined();
  });
});

describe("a shutdown", () => {
  test("ends the wait of a call to a name that had not been looked up", async () => {
    const called = expect(runtime.call("nobody", 1)).rejects.toMatchObject({ code: "ROOKERY_CALL_EXIT" });
    await runtime.shutdown();
    await called;
  });

  test("ends the wait of starts and calls that are made while it goes on", async () => {
    const shutdown = runtime.shutdown();
    const started = expect(runtime.start(Scripted, {} as never)).rejects.toMatchObject({ reason: "killed" });
    const called = expect(runtime.call("nobody", 1)).rejects.toMatchObject({ code: "ROOKERY_CALL_EXIT" });
    await Promise.all([shutdown, started, called]);
  });
});
