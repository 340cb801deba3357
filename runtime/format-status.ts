import type { SystemEvent } from "./behaviour.ts";
import type { StatemWaiting } from "./statem-queue.ts";

/**
 * What `formatStatus` of a server is given, and gives back, with the same keys, as others may see it. That of a GenStatem also has
 * the events that it has postponed, and its timeouts.
 */
export interface ServerStatus<State = unknown> extends Partial<StatemWaiting> {
  readonly state: State;
  readonly log: readonly SystemEvent[];
  /** The message that the server was handling when it crashed; only in crash reports. */
  readonly message?: unknown;
  /** Why it crashed; only in crash reports. */
  readonly reason?: unknown;
}

/**
 * The status as the server's own `formatStatus` shows it. Where that fails, or answers anything but the same keys, a text
 * that says so takes the place of the state: what was to be hidden stays hidden.
 */
export function formatStatus(instance: unknown, name: string, status: ServerStatus): ServerStatus {
  const server = instance as { formatStatus?(status: ServerStatus): unknown };
  if (typeof server.formatStatus !== "function") return status;
  let shown: unknown;
  try {
    shown = server.formatStatus(status);
  } catch {
    return { ...status, state: `${name}.formatStatus crashed` };
  }
  if (typeof shown !== "object" || shown === null)
    return { ...status, state: `${name}.formatStatus did not return an object` };
  const keys = Object.keys(status);
  const same = Object.keys(shown).length === keys.length && keys.every((key) => Object.hasOwn(shown, key));
  if (same) return shown as ServerStatus;
  return { ...status, state: `${name}.formatStatus returned unexpected keys` };
}
