import type { StandardIssue } from "./standard-schema.ts";

/** A client that sends ten thousand wrong items is told of the first few. */
const ISSUES_MAX = 32;

/** What a client is answered whose payload does not fit: under the path of each field, keys joined by dots, what is wrong with it. */
export interface InvalidPayload {
  readonly reason: "invalid payload";
  readonly errors: Readonly<Record<string, readonly string[]>>;
}

/** What a client is answered whose event is not in the contract. */
export interface UnknownEvent {
  readonly reason: "unknown event";
}

export const UNKNOWN_EVENT: UnknownEvent = Object.freeze({ reason: "unknown event" });

/** The messages of a schema by field: `{ "items.0.quantity": ["…"] }`. Those of the payload as a whole stand under `""`. */
export function invalidPayload(issues: readonly StandardIssue[]): InvalidPayload {
  return { reason: "invalid payload", errors: errorsByField(issues) };
}

export function errorsByField(issues: readonly StandardIssue[]): Record<string, string[]> {
  // Without a prototype: what a client calls a field decides nothing.
  const errors: Record<string, string[]> = Object.create(null);
  for (const { path, message } of issues.slice(0, ISSUES_MAX)) (errors[fieldOf(path)] ??= []).push(message);
  return errors;
}

function fieldOf(path: StandardIssue["path"] = []): string {
  return path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
}
