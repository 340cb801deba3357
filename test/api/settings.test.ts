import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { z } from "zod";
import { readSettings } from "../../api/settings.ts";

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
  SECRET_KEY_BASE: z.string().min(32, "must have at least 32 characters"),
  DATABASE_URL: z.url().optional(),
});
const SECRET_KEY_BASE = "s".repeat(32);

describe("readSettings", () => {
  test("returns the settings with their defaults and types, and nothing else of the environment", () => {
    assert.deepEqual(readSettings(schema, { SECRET_KEY_BASE, HOME: "/" }), { PORT: 4000, SECRET_KEY_BASE });
    assert.equal(readSettings(schema, { SECRET_KEY_BASE, PORT: "80" }).PORT, 80);
  });

  test("takes an empty variable for a missing one", () => {
    assert.equal(readSettings(schema, { SECRET_KEY_BASE, PORT: "" }).PORT, 4000);
    assert.throws(() => readSettings(schema, { SECRET_KEY_BASE: "" }), {
      message: /SECRET_KEY_BASE is missing/,
    });
  });

  test("names each setting that is missing or malformed, in one sentence", () => {
    assert.throws(() => readSettings(schema, { PORT: "http" }), {
      code: "ROOKERY_SETTINGS",
      message: /^[^\n]*PORT \("http"\) is malformed: [^\n]*; SECRET_KEY_BASE is missing$/,
    });
  });

  test("does not show the value of a secret, nor of an address that may contain one", () => {
    const env = { SECRET_KEY_BASE: "hunter2", DATABASE_URL: "hunter2" };
    assert.throws(
      () => readSettings(schema, env),
      (error: Error) =>
        /SECRET_KEY_BASE is malformed.*DATABASE_URL is malformed/.test(error.message) &&
        !error.message.includes("hunter2"),
    );
  });

  test("takes whatever is an address or a key for one that may contain a secret", () => {
    const names = ["CACHE_URI", "SENTRY_DSN", "SIGNING_KEY", "URL", "DB_CREDENTIALS"];
    const numbers = z.object(Object.fromEntries(names.map((name) => [name, z.coerce.number()])));
    assert.throws(
      () => readSettings(numbers, Object.fromEntries(names.map((name) => [name, "user:hunter2@host"]))),
      ({ message }: Error) =>
        names.every((name) => message.includes(`${name} is malformed`)) && !message.includes("hunter2"),
    );
  });

  test("shows only the beginning of a long value", () => {
    assert.throws(
      () => readSettings(schema, { SECRET_KEY_BASE, PORT: "x".repeat(100_000) }),
      ({ message }: Error) => message.includes(`("${"x".repeat(100)}…")`) && message.length < 300,
    );
  });

  test("says what is wrong with settings that don't go together, also of one that is left to its default", () => {
    const together = z
      .object({ MIN: z.coerce.number().default(0), MAX: z.coerce.number().default(10) })
      .refine(({ MIN, MAX }) => MIN < MAX, { path: ["MAX"], error: "must be more than MIN" });
    assert.throws(() => readSettings(together, { MIN: "20" }), /MAX is malformed: must be more than MIN/);
  });
});
