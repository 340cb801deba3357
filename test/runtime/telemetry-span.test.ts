import { afterEach, assert, beforeEach, describe, test } from "vitest";
import { ExitError } from "../../runtime/index.ts";
import { attachTelemetry, detachTelemetry } from "../../runtime/telemetry.ts";
import { telemetrySpan } from "../../runtime/telemetry-span.ts";
import { VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

const checkout = telemetrySpan<{ cart: number }, { cents: number }>("test.checkout");
const clock = new VirtualClock();
let seen: [event: string, measurements: object, metadata: Record<string, unknown>][];

beforeEach(() => {
  seen = [];
  const note = (measurements: object, metadata: object, event: string): void => {
    seen.push([event, measurements, metadata as Record<string, unknown>]);
  };
  attachTelemetry("start", [checkout.start], note);
  attachTelemetry("stop", [checkout.stop], note);
  attachTelemetry("exception", [checkout.exception], note);
});

afterEach(() => {
  for (const id of ["start", "stop", "exception"]) detachTelemetry(id);
});

/** The events without the context, which must be the same in all. */
function events(): unknown[] {
  const contexts = new Set(seen.map(([, , { telemetrySpanContext }]) => telemetrySpanContext));
  assert.equal(contexts.size, 1);
  return seen.map(([event, measurements, { telemetrySpanContext: _, ...metadata }]) => [
    event,
    measurements,
    metadata,
  ]);
}

describe("a span", () => {
  for (const kind of ["plain", "asynchronous"]) {
    test(`around ${kind} work tells its start and its end, with the metadata of each (340)`, async () => {
      const startedMs = clock.nowMs();
      const work = (): { value: string; metadata: { cents: number } } => {
        clock.advance(30);
        return { value: "paid", metadata: { cents: 250 } };
      };
      const value =
        kind === "plain"
          ? checkout.run(clock, { cart: 7 }, work)
          : await checkout.run(clock, { cart: 7 }, async () => work());
      assert.equal(value, "paid");
      const started = { monotonicTimeMs: startedMs, systemTimeMs: clock.systemTimeMs() - 30 };
      assert.deepEqual(events(), [
        ["test.checkout.start", started, { cart: 7 }],
        ["test.checkout.stop", { durationMs: 30, monotonicTimeMs: startedMs + 30 }, { cents: 250 }],
      ]);
    });
  }

  test("around work that fails tells how, adds that to the metadata of the start, and throws the same (340)", async () => {
    const boom = new Error("boom");
    const failures: [unknown, string, unknown][] = [
      [boom, "error", boom],
      ["ball", "throw", "ball"],
      [new ExitError("ROOKERY_EXIT", "text", "r"), "exit", "r"],
    ];
    for (const [thrown, kind, reason] of failures) {
      const fail = (): never => {
        throw thrown;
      };
      const caught = [
        await checkout.run(clock, { cart: 7 }, async () => fail()).catch((error: unknown) => error),
      ];
      try {
        seen = [];
        checkout.run(clock, { cart: 7 }, fail);
      } catch (error) {
        caught.push(error);
      }
      assert.deepEqual(caught, [thrown, thrown]);
      assert.deepEqual((events()[1] as unknown[])[2], { cart: 7, kind, reason });
    }
  });

  test("that nobody listens to does the work all the same", () => {
    for (const id of ["start", "stop", "exception"]) detachTelemetry(id);
    assert.equal(
      checkout.run(clock, { cart: 7 }, () => ({ value: 1, metadata: { cents: 1 } })),
      1,
    );
  });
});
