import { channel } from "node:diagnostics_channel";
import { expectFunction } from "./argument.ts";
import { brief, runtimeError } from "./errors.ts";

/** What a subscriber of the diagnostics channel finds: numbers that can be summed, and what they are about. */
export interface TelemetryMessage<Measurements extends object, Metadata extends object> {
  readonly measurements: Measurements;
  readonly metadata: Metadata;
}

/**
 * Called at each execution of an event, at once and in the process that executes it. One that throws is detached.
 * `t::telemetry.handler_function/0`.
 */
export type TelemetryHandler<Measurements extends object, Metadata extends object> = (
  measurements: Measurements,
  metadata: Metadata,
  event: string,
) => unknown;

const declared = new Map<string, TelemetryEvent<object, object>>();

/** The events that this thread knows: those whose modules are loaded. */
export function declaredEvents(): TelemetryEvent<object, object>[] {
  return [...declared.values()];
}

/**
 * One event of the system, declared once with its types and published on the channel of `node:diagnostics_channel`
 * that has its name. Free while nobody listens: read `enabled` before making the metadata.
 */
export class TelemetryEvent<Measurements extends object, Metadata extends object> {
  readonly name: string;
  // Held for ever: a channel that nobody refers to is collected, and a later subscriber would get another one.
  readonly #channel: ReturnType<typeof channel>;

  /** @internal */
  constructor(name: string) {
    if (typeof name !== "string" || name === "")
      throw runtimeError("ROOKERY_BADARG", "a non-empty string as the name of an event", name);
    this.name = name;
    this.#channel = channel(name);
    declared.set(name, this);
  }

  /** True while somebody listens. Read it once per span: a handler may be attached in the middle. */
  get enabled(): boolean {
    return this.#channel.hasSubscribers;
  }

  /** Runs the handlers, one after the other, before it returns (`telemetry:execute/3`). Does nothing while nobody listens. */
  execute(measurements: Measurements, metadata: Metadata): void {
    if (this.#channel.hasSubscribers) this.#channel.publish({ measurements, metadata });
  }
}

/** Declares an event. The name is Phoenix's, joined by dots: `phoenix.endpoint.stop`. */
export function telemetryEvent<Measurements extends object, Metadata extends object>(
  name: string,
): TelemetryEvent<Measurements, Metadata> {
  return new TelemetryEvent(name);
}

/** What is told of a `handlerFailed`: the handler that threw and is detached, the event it was for, and what it threw. */
export interface HandlerFailure {
  readonly event: string;
  readonly handlerId: string;
  readonly error: unknown;
}

/** Says that a handler has thrown and is detached (`[telemetry, handler, failure]`). */
export const handlerFailed: TelemetryEvent<{ readonly count: 1 }, HandlerFailure> =
  telemetryEvent("telemetry.handler.failure");

const detachById = new Map<string, () => void>();

/**
 * Runs `handler` at each execution of one of `events`, in the code that executes it (`telemetry:attach_many/4`). Refused with
 * `already_exists` while `handlerId` is in use. A handler that throws, or whose promise rejects, is detached and
 * reported by `telemetry.handler.failure` and a warning of the Node process; the other handlers run, and the code that executed
 * the event notices nothing. (Who subscribes to the diagnostics channel directly gets none of that care: Node ends the process.)
 * @example
 * ```ts doctest
 * const paid = telemetryEvent<{ cents: number }, { currency: string }>("shop.paid");
 * const seen: number[] = [];
 * attachTelemetry("till", [paid], ({ cents }) => seen.push(cents)); // => { ok: true }
 * paid.execute({ cents: 250 }, { currency: "EUR" });
 * seen; // => [250]
 * detachTelemetry("till"); // => true
 * paid.enabled; // => false
 * ```
 */
export function attachTelemetry<Measurements extends object, Metadata extends object>(
  handlerId: string,
  events: readonly TelemetryEvent<Measurements, Metadata>[],
  handler: TelemetryHandler<Measurements, Metadata>,
): { readonly ok: true } | { readonly ok: false; readonly reason: "already_exists" } {
  if (typeof handlerId !== "string")
    throw runtimeError("ROOKERY_BADARG", "a string as the id of a handler", handlerId);
  if (!Array.isArray(events) || !events.every((event) => event instanceof TelemetryEvent))
    throw runtimeError("ROOKERY_BADARG", "a list of telemetry events", events);
  expectFunction("as a telemetry handler", handler);
  if (detachById.has(handlerId)) return { ok: false, reason: "already_exists" };

  const fail = (event: string, error: unknown): void => {
    // A handler that was replaced under its id, or fails a second time before it is gone, takes nobody else along.
    if (detachById.get(handlerId) !== detach) return;
    detachTelemetry(handlerId);
    process.emitWarning(
      `The telemetry handler ${handlerId} failed at ${event} and is detached: ${brief(error)}`,
      "TelemetryWarning",
    );
    handlerFailed.execute({ count: 1 }, { event, handlerId, error });
  };
  const listener = (message: unknown, event: string | symbol): void => {
    const { measurements, metadata } = message as TelemetryMessage<Measurements, Metadata>;
    try {
      const result = handler(measurements, metadata, String(event));
      if (result instanceof Promise) result.catch((error: unknown) => fail(String(event), error));
    } catch (error) {
      fail(String(event), error);
    }
  };
  const detach = (): void => {
    for (const event of events) channel(event.name).unsubscribe(listener);
  };

  detachById.set(handlerId, detach);
  for (const event of events) channel(event.name).subscribe(listener);
  return { ok: true };
}

/** Ends what `attachTelemetry` began; false when there is no such handler (`telemetry:detach/1`). */
export function detachTelemetry(handlerId: string): boolean {
  detachById.get(handlerId)?.();
  return detachById.delete(handlerId);
}
