import { attachTelemetry, detachTelemetry } from "../../runtime/index.ts";
import { declaredEvents } from "../../runtime/internal.ts";

/** How often an event was executed since somebody looks. */
export interface EventCount {
  readonly event: string;
  readonly count: number;
}

/** So many were started on this thread. */
let started = 0;

/** Counts all events of this thread, from here on until `stop`. */
export class TelemetryCounts {
  readonly #id: string;
  readonly #counts = new Map<string, number>();

  constructor() {
    this.#id = `rookery.dashboard.${(started += 1)}`;
    const events = declaredEvents();
    for (const { name } of events) this.#counts.set(name, 0);
    attachTelemetry(this.#id, events, (_measurements, _metadata, event) => {
      this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1);
    });
  }

  get counts(): EventCount[] {
    return Array.from(this.#counts, ([event, count]) => ({ event, count }));
  }

  stop(): void {
    detachTelemetry(this.#id);
  }
}
