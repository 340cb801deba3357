import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { CapturedLog } from "../../runtime/testing.ts";
import { Runtime } from "../../runtime/index.ts";

describe("CapturedLog", () => {
  test("keeps what a runtime logs", async () => {
    const log = new CapturedLog("error");
    const runtime = await Runtime.start({ logger: log });
    const lines = await log.during(async () => {
      runtime.spawn(() => {
        throw new Error("on purpose");
      });
      await log.line(({ level }) => level === "error");
    });
    assert.equal(lines.length, 1);
    assert.match(log.text, /^\[error\] .*on purpose/s);
    await runtime.shutdown();
  });

  test("drops what is below its level", () => {
    const log = new CapturedLog("warn");
    log.debug({}, "debug");
    log.info({}, "info");
    log.warn({}, "warn");
    log.error({}, "error");
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ["warn", "error"],
    );
    assert.equal(log.isLevelEnabled("info"), false);
  });

  test("hands out a line that is still to come", async () => {
    const log = new CapturedLog();
    const waiting = log.line(({ message }) => message === "second");
    log.info({}, "first");
    log.info({ at: 2 }, "second");
    assert.deepEqual(await waiting, { level: "info", message: "second", fields: { at: 2 } });
  });
});
