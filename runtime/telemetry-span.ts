import type { Clock } from "./clock.ts";
import { ExitError } from "./errors.ts";
import { Ref } from "./ref.ts";
import { type TelemetryEvent, telemetryEvent } from "./telemetry.ts";

export interface SpanStarted {
  /** Of the clock that `run` was given. */
  readonly monotonicTimeMs: number;
  readonly systemTimeMs: number;
}

export interface SpanEnded {
  readonly durationMs: number;
  readonly monotonicTimeMs: number;
}

/** The same in all events of one run, so that a handler can put them together. */
export interface SpanContext {
  readonly telemetrySpanContext: Ref;
}

export interface SpanFailure {
  readonly kind: "error" | "exit" | "throw";
  readonly reason: unknown;
}

/** What the work of a span answers: its value, and what the stop event says of it. */
export interface SpanResult<Value, Metadata extends object> {
  readonly value: Value;
  readonly metadata: Metadata;
}

/** The events around a piece of work: `telemetry:span/3`. Made by `telemetrySpan`. */
export class TelemetrySpan<Metadata extends object, StopMetadata extends object> {
  readonly start: TelemetryEvent<SpanStarted, Metadata & SpanContext>;
  /** Its metadata is what the work has answered, not that of the start. */
  readonly stop: TelemetryEvent<SpanEnded, StopMetadata & SpanContext>;
  /** Its metadata is that of the start, and the failure. */
  readonly exception: TelemetryEvent<SpanEnded, Metadata & SpanContext & SpanFailure>;

  /** @internal */
  constructor(prefix: string) {
    this.start = telemetryEvent(`${prefix}.start`);
    this.stop = telemetryEvent(`${prefix}.stop`);
    this.exception = telemetryEvent(`${prefix}.exception`);
  }

  /**
   * Executes `start`, does the work, executes `stop` and answers the value. When the work throws, executes `exception` and throws
   * the same. Work that returns a promise ends when it settles.
   */
  run<Value>(clock: Clock, metadata: Metadata, work: () => SpanResult<Value, StopMetadata>): Value;
  run<Value>(
    clock: Clock,
    metadata: Metadata,
    work: () => Promise<SpanResult<Value, StopMetadata>>,
  ): Promise<Value>;
  run<Value>(
    clock: Clock,
    metadata: Metadata,
    work: () => SpanResult<Value, StopMetadata> | Promise<SpanResult<Value, StopMetadata>>,
  ): Value | Promise<Value> {
    const context: SpanContext = { telemetrySpanContext: new Ref() };
    const startedMs = clock.nowMs();
    if (this.start.enabled) {
      const started = { monotonicTimeMs: startedMs, systemTimeMs: clock.systemTimeMs() };
      this.start.execute(started, { ...metadata, ...context });
    }
    const ended = (): SpanEnded => {
      const monotonicTimeMs = clock.nowMs();
      return { durationMs: monotonicTimeMs - startedMs, monotonicTimeMs };
    };
    const done = (result: SpanResult<Value, StopMetadata>): Value => {
      if (this.stop.enabled) this.stop.execute(ended(), { ...result.metadata, ...context });
      return result.value;
    };
    const failed = (thrown: unknown): never => {
      if (this.exception.enabled)
        this.exception.execute(ended(), { ...metadata, ...context, ...failureOf(thrown) });
      throw thrown;
    };
    let result: SpanResult<Value, StopMetadata> | Promise<SpanResult<Value, StopMetadata>>;
    try {
      result = work();
    } catch (thrown) {
      return failed(thrown);
    }
    return result instanceof Promise ? result.then(done, failed) : done(result);
  }
}

function failureOf(thrown: unknown): SpanFailure {
  if (thrown instanceof ExitError) return { kind: "exit", reason: thrown.reason };
  return { kind: thrown instanceof Error ? "error" : "throw", reason: thrown };
}

/**
 * Declares a span: three events, `<prefix>.start`, `<prefix>.stop` and `<prefix>.exception`.
 * @example
 * ```ts doctest
 * const checkout = telemetrySpan<{ cart: number }, { cents: number }>("shop.checkout");
 * checkout.run(runtime.clock, { cart: 7 }, () => ({ value: "paid", metadata: { cents: 250 } })); // => "paid"
 * ```
 */
export function telemetrySpan<Metadata extends object, StopMetadata extends object>(
  prefix: string,
): TelemetrySpan<Metadata, StopMetadata> {
  return new TelemetrySpan(prefix);
}
