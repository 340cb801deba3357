import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, assert, describe, test, vi } from "vitest";
import { attachTelemetry, detachTelemetry, handlerFailed, telemetryEvent } from "../../runtime/telemetry.ts";

const joined = telemetryEvent<{ durationMs: number }, { topic: string }>("test.joined");
const left = telemetryEvent<{ durationMs: number }, { topic: string }>("test.left");

afterEach(() => {
  for (const id of ["first", "second", "failures"]) detachTelemetry(id);
  vi.restoreAllMocks();
});

describe("telemetryEvent", () => {
  test("is enabled exactly while somebody listens", () => {
    assert.equal(joined.enabled, false);
    attachTelemetry("first", [joined], () => {});
    assert.equal(joined.enabled, true);
    detachTelemetry("first");
    assert.equal(joined.enabled, false);
  });

  test("is published on the diagnostics channel of its name", () => {
    const seen: unknown[] = [];
    const listener = (message: unknown): void => void seen.push(message);
    subscribe("test.joined", listener);
    joined.execute({ durationMs: 3 }, { topic: "room:1" });
    unsubscribe("test.joined", listener);
    assert.deepEqual(seen, [{ measurements: { durationMs: 3 }, metadata: { topic: "room:1" } }]);
  });
});

describe("attachTelemetry", () => {
  test("runs the handlers in the caller, with measurements, metadata and the name of the event (338)", () => {
    const seen: unknown[] = [];
    attachTelemetry("first", [joined, left], (...args) => seen.push(args));
    joined.execute({ durationMs: 1 }, { topic: "a" });
    left.execute({ durationMs: 2 }, { topic: "b" });
    assert.deepEqual(seen, [
      [{ durationMs: 1 }, { topic: "a" }, "test.joined"],
      [{ durationMs: 2 }, { topic: "b" }, "test.left"],
    ]);
  });

  test("refuses an id in use and leaves the first handler attached (337)", () => {
    let calls = 0;
    assert.deepEqual(
      attachTelemetry("first", [joined], () => (calls += 1)),
      { ok: true },
    );
    assert.deepEqual(
      attachTelemetry("first", [joined], () => (calls += 10)),
      { ok: false, reason: "already_exists" },
    );
    joined.execute({ durationMs: 0 }, { topic: "a" });
    assert.equal(calls, 1);
  });

  test("detaches a handler that throws from all its events; the others run and the caller notices nothing (339)", () => {
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const failures: unknown[] = [];
    let calls = 0;
    attachTelemetry("failures", [handlerFailed], (_measurements, metadata) => failures.push(metadata));
    const error = new Error("broken exporter");
    attachTelemetry("first", [joined, left], () => {
      throw error;
    });
    attachTelemetry("second", [joined], () => (calls += 1));

    joined.execute({ durationMs: 0 }, { topic: "a" });
    joined.execute({ durationMs: 0 }, { topic: "a" });

    assert.equal(calls, 2);
    assert.equal(left.enabled, false);
    assert.deepEqual(failures, [{ event: "test.joined", handlerId: "first", error }]);
    assert.equal(warning.mock.calls.length, 1);
    assert.deepEqual(
      attachTelemetry("first", [joined], () => {}),
      { ok: true },
    );
  });

  test("detaches a handler whose promise rejects", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const failed = Promise.withResolvers<unknown>();
    attachTelemetry("failures", [handlerFailed], (_measurements, metadata) => failed.resolve(metadata));
    const error = new Error("broken exporter");
    attachTelemetry("first", [joined], () => Promise.reject(error));
    joined.execute({ durationMs: 0 }, { topic: "a" });
    assert.deepEqual(await failed.promise, { event: "test.joined", handlerId: "first", error });
    assert.equal(joined.enabled, false);
  });
});

describe("detachTelemetry", () => {
  test("is false for an id that is not in use (337)", () => {
    assert.equal(detachTelemetry("nobody"), false);
  });
});
