import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DownMessage, GenServer, ok, Runtime } from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let reports: Report[];

beforeEach(async () => {
  reports = [];
  runtime = await Runtime.start({ logger: reportingLogger(reports) });
});

afterEach(() => runtime.shutdown());

/** Has nothing but an init. */
class Bare extends GenServer<string> {
  init(action?: { continue: unknown }) {
    return ok("state", action);
  }
}

describe("a server without the callback for", () => {
  test("a call crashes, and the caller hears why (195)", async () => {
    const pid = await runtime.start(Bare, undefined);
    await expect(runtime.call(pid, "m")).rejects.toMatchObject({
      reason: [
        { code: "ROOKERY_NO_CALLBACK", message: expect.stringContaining("handleCall") },
        expect.anything(),
      ],
    });
  });

  test.each([
    ["a cast", "handleCast", undefined],
    ["a continuation", "handleContinue", { continue: "c" }],
  ])("%s crashes (195)", async (_, callback, action) => {
    await runInProcess(runtime, async (self) => {
      const { pid, ref } = await self.startMonitor(Bare, action);
      self.cast(pid, "m");
      const { reason } = (await self.receive({ ref })) as DownMessage;
      const message: unknown = expect.stringContaining(callback);
      expect(reason).toMatchObject({ code: "ROOKERY_NO_CALLBACK", message });
      expect(reports).toMatchObject([{ fields: { callback, state: "state" } }]);
    });
  });

  test("any other message goes on: it is reported, and dropped (195)", async () => {
    const pid = await runtime.start(Bare, undefined);
    runtime.send(pid, "m");
    await settle(runtime);
    expect(runtime.isAlive(pid)).toBe(true);
    expect(reports).toMatchObject([
      { fields: { message: "m" }, message: expect.stringContaining("handleInfo") },
    ]);
  });

  test("the end ends as it was told to (195)", async () => {
    for (const reason of ["normal", ["error", "test"]]) {
      await runInProcess(runtime, async (self) => {
        const { pid, ref } = await self.startMonitor(Bare, undefined);
        await self.stop(pid, reason);
        expect(await self.receive({ ref })).toMatchObject({ reason });
      });
    }
  });
});
