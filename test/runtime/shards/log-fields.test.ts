import { describe, expect, test } from "vitest";
import { RookeryError } from "../../../runtime/index.ts";
import { packFields, unpackFields } from "../../../runtime/shards/log-fields.ts";

/** What the thread that writes it gets. */
function posted(fields: object): Record<string, unknown> {
  return unpackFields(structuredClone(packFields(fields)));
}

describe("the fields of a report of another shard", () => {
  test("are plain data all the way down, for a logger that filters them by their names", () => {
    const fields = {
      user: { name: "Ada", password: "secret", tags: ["a", { n: 1n }] },
      at: new Date(0),
      none: undefined,
    };
    expect(posted(fields)).toEqual(fields);
  });

  test("keep what an error is: its class, its code, what else it carries, and its causes", () => {
    const cause = Object.assign(new TypeError("below"), { where: { line: 7 } });
    const error = new RookeryError("ROOKERY_BADARG", "above");
    error.cause = cause;
    const err = posted({ err: error })["err"] as RookeryError;
    expect(err).toBeInstanceOf(RookeryError);
    expect([err.code, err.message, err.stack]).toEqual([error.code, error.message, error.stack]);
    expect(err.cause).toBeInstanceOf(TypeError);
    expect(err.cause).toMatchObject({ message: "below", where: { line: 7 } });
  });

  test("are text where they can't be posted, and never keep a report from being written", () => {
    class Cell {
      readonly value = 1;
    }
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const error = new Error("caused", { cause: () => {} });
    const { cell, run, err } = posted({ cell: new Cell(), run: () => {}, circle, err: error });
    expect(cell).toBe("Cell { value: 1 }");
    expect(run).toBeTypeOf("string");
    expect((err as Error).cause).toBeTypeOf("string");
  });
});
