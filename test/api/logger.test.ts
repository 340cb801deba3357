import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { createLogger, fastifyLogger } from "../../api/logger.ts";
import type { Logger } from "../../runtime/index.ts";

function logged(
  write: (logger: ReturnType<typeof createLogger>) => void,
  level = "debug",
): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  write(createLogger({ level, destination }));
  return lines;
}

describe("createLogger", () => {
  test("writes one JSON object a line, with the level as a word", () => {
    const [line] = logged((logger: Logger) => logger.info({ path: "/" }, "hello"));
    assert.deepEqual([line?.["level"], line?.["path"], line?.["msg"]], ["info", "/", "hello"]);
  });

  test("never writes what stands under the name of a secret, also not within an error", () => {
    const cause = Object.assign(new Error("cause"), { token: "hunter2" });
    const error = Object.assign(new Error("broken", { cause }), { params: { password: "hunter2" } });
    const lines = logged((logger) => {
      logger.error(
        { params: { user: { password: "hunter2" } }, headers: { authorization: "Bearer hunter2" } },
        "a",
      );
      logger.error({ err: error, reason: error }, "b");
      logger.error(error);
      logger.child({ request_id: "1" }).error({ token: "hunter2" }, "c");
    });
    assert.equal(lines.length, 4);
    assert.ok(!JSON.stringify(lines).includes("hunter2"), JSON.stringify(lines));
    assert.match(JSON.stringify(lines[1]), /"stack":"Error: broken/);
  });

  test("leaves out what is below its level", () => {
    assert.deepEqual(
      logged((logger) => logger.info({}, "hello"), "warn"),
      [],
    );
  });
});

describe("fastifyLogger", () => {
  test("gives a logger children, and takes texts, errors and fields as pino does", () => {
    const seen: unknown[] = [];
    const record =
      (level: string) =>
      (fields: object, message: string): void =>
        void seen.push([level, fields, message]);
    const logger = {
      debug: record("debug"),
      info: record("info"),
      warn: record("warn"),
      error: record("error"),
    };
    const child = fastifyLogger(logger).child({ a: 1 }).child({ b: 2 });
    const error = new Error("broken");
    child.info("text");
    child.warn({ c: 3 }, "fields");
    child.error(error);
    child.fatal({ err: error }, "both");
    assert.deepEqual(seen, [
      ["info", { a: 1, b: 2 }, "text"],
      ["warn", { a: 1, b: 2, c: 3 }, "fields"],
      ["error", { a: 1, b: 2, err: error }, "broken"],
      ["error", { a: 1, b: 2, err: error }, "both"],
    ]);
  });
});
