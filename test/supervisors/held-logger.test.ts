import { expect, test } from "vitest";
import { HeldLogger } from "../../supervisors/held-logger.ts";

function recording() {
  const lines: string[] = [];
  const at = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`);
  return { lines, logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } };
}

test("HeldLogger keeps warnings and errors back until they are released, in order", () => {
  const { lines, logger } = recording();
  const held = new HeldLogger(logger);
  held.error({}, "1");
  held.info({}, "2");
  held.warn({}, "3");
  held.debug({}, "4");
  expect(lines).toEqual(["info 2", "debug 4"]);
  held.release();
  expect(lines.slice(2)).toEqual(["error 1", "warn 3"]);
});

test("HeldLogger passes everything on once it was released", () => {
  const { lines, logger } = recording();
  const held = new HeldLogger(logger);
  held.release();
  held.warn({}, "1");
  held.error({}, "2");
  expect(lines).toEqual(["warn 1", "error 2"]);
});
