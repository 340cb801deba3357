import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, test } from "vitest";
import { demoSettings } from "../../demo/settings.ts";

describe("demoSettings", () => {
  test("has a default for everything while developing", () => {
    const { secretKeyBase, shards, ...settings } = demoSettings({});
    assert.ok(secretKeyBase.length >= 32);
    assert.ok(shards >= 1 && shards <= availableParallelism());
    assert.deepEqual(settings, {
      host: "127.0.0.1",
      port: 4000,
      databasePath: "./data/demo.db",
      checkOrigin: true,
      drainDelayMs: 0,
      stopMs: 60_000,
      heart: true,
      logLevel: "info",
    });
  });

  test("needs a secret in production", () => {
    assert.throws(() => demoSettings({ NODE_ENV: "production" }), /SECRET_KEY_BASE is missing/);
    const secret = "0123456789abcdef0123456789abcdef";
    const { secretKeyBase } = demoSettings({ NODE_ENV: "production", SECRET_KEY_BASE: secret });
    assert.equal(secretKeyBase, secret);
  });

  test("takes a number of shards from 1 to 64", () => {
    for (const shards of [1, 2, 64]) assert.equal(demoSettings({ SHARDS: String(shards) }).shards, shards);
  });

  test("takes the URL of a Redis, and gives this server a name of its own there", () => {
    const { redis } = demoSettings({ REDIS_URL: "rediss://:secret@example.com:6380/1" });
    assert.equal(redis?.url, "rediss://:secret@example.com:6380/1");
    assert.ok(redis?.node?.includes(String(process.pid)));
    const said = (error: Error): boolean =>
      error.message.includes("REDIS_URL is malformed: must be a URL") && !error.message.includes("secret");
    for (const url of ["http://:secret@example.com", "secret"])
      assert.throws(() => demoSettings({ REDIS_URL: url }), said, url);
  });

  test("takes a token for the dashboard that is hard to guess, or has no dashboard", () => {
    const token = "0123456789abcdefghij";
    assert.equal(demoSettings({ DASHBOARD_TOKEN: token }).dashboardToken, token);
    for (const none of [{}, { DASHBOARD_TOKEN: "" }]) assert.ok(!("dashboardToken" in demoSettings(none)));
    assert.throws(() => demoSettings({ DASHBOARD_TOKEN: "short" }), /must have at least 20 characters/);
  });

  test("lets chaos into the dashboard only if it is told to", () => {
    assert.equal(demoSettings({ DASHBOARD_CHAOS: "true" }).dashboardChaos, true);
    for (const none of [{}, { DASHBOARD_CHAOS: "false" }])
      assert.ok(!("dashboardChaos" in demoSettings(none)));
    assert.throws(() => demoSettings({ DASHBOARD_CHAOS: "yes" }), /DASHBOARD_CHAOS .* is malformed/);
  });

  test("ends for a first shard that moves no more unless it is told not to", () => {
    for (const some of [{}, { HEART: "true" }]) assert.equal(demoSettings(some).heart, true);
    assert.equal(demoSettings({ HEART: "false" }).heart, false);
    assert.throws(() => demoSettings({ HEART: "1" }), /HEART .* is malformed/);
  });

  test("takes a command that starts it again when it has ended so", () => {
    const HEART_COMMAND = "npm start";
    assert.deepEqual(demoSettings({ HEART_COMMAND }).heart, { command: HEART_COMMAND });
    assert.equal(demoSettings({ HEART: "false", HEART_COMMAND }).heart, false);
    assert.throws(() => demoSettings({ HEART_COMMAND: " " }), /HEART_COMMAND .* is malformed/);
  });

  test("takes true, false or a list of origins", () => {
    const origins = (text: string): unknown => demoSettings({ CHECK_ORIGIN: text }).checkOrigin;
    assert.equal(origins("true"), true);
    assert.equal(origins("false"), false);
    const list = ["https://example.com", "//*.example.org"];
    assert.deepEqual(origins("https://example.com, //*.example.org"), list);
  });

  test("says in one sentence what is malformed, and never a secret", () => {
    const malformed: [string, string][] = [
      ["PORT", "abc"],
      ["PORT", "65536"],
      ["PORT", "-1"],
      ["PORT", "4000.5"],
      ["DATABASE_PATH", ":memory:"],
      ["CHECK_ORIGIN", "example.com"],
      ["SHARDS", "0"],
      ["SHARDS", "65"],
      ["SHARDS", "two"],
      ["SHARDS", "1.5"],
      ["LOG_LEVEL", "loud"],
      ["NODE_ENV", "prod"],
      ["DRAIN_DELAY_MS", "5s"],
      ["STOP_MS", "-1"],
      ["STOP_MS", "1e3"],
      ["STOP_MS", "600001"],
    ];
    for (const [name, value] of malformed) {
      const said = (error: Error): boolean => error.message.includes(`${name} ("${value}") is malformed: `);
      assert.throws(() => demoSettings({ [name]: value }), said, `${name}=${value}`);
    }
    const all = Object.fromEntries(malformed);
    const saidAll = ({ message }: Error): boolean =>
      !message.includes("\n") && Object.keys(all).every((name) => message.includes(`${name} (`));
    assert.throws(() => demoSettings(all), saidAll, "all at once");
    const tooShort = (error: Error): boolean =>
      error.message.includes("SECRET_KEY_BASE is malformed: ") && !error.message.includes("hush");
    assert.throws(() => demoSettings({ SECRET_KEY_BASE: "hush" }), tooShort);
  });

  test("takes a PostgreSQL in place of the file, and shows nobody its password", () => {
    const url = "postgres://ada:secret@localhost/demo";
    assert.equal(demoSettings({ DATABASE_URL: url }).databaseUrl, url);
    for (const malformed of ["localhost/secret", "mysql://ada:secret@localhost/demo"]) {
      const said = (error: Error): boolean =>
        error.message.includes("DATABASE_URL is malformed: must be a URL") &&
        !error.message.includes("secret");
      assert.throws(() => demoSettings({ DATABASE_URL: malformed }), said, malformed);
    }
  });

  test("takes the milliseconds of a stop", () => {
    const { drainDelayMs, stopMs } = demoSettings({ DRAIN_DELAY_MS: "5000", STOP_MS: "45000" });
    assert.deepEqual([drainDelayMs, stopMs], [5_000, 45_000]);
  });
});
