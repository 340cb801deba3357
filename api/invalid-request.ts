import { errorsByField } from "../channels/internal.ts";

type Issues = Parameters<typeof errorsByField>[0];

/** What of a request a schema is for. */
export type RequestPart = "params" | "query" | "body";

/**
 * The failure of a request that does not fit the schemas of its action, for the action fallback: `{ error: invalidRequest }`. A part
 * of a path that is not what it has to be is a 400, as `Ecto.Query.CastError`, and so is a body or a query that is no object
 * where one is asked for; other fields are a 422, as those of a changeset.
 */
export class InvalidRequest {
  readonly part: RequestPart;
  readonly status: 400 | 422;
  /** By field what is wrong with it, keys joined by dots; empty if there is nothing that has fields. */
  readonly errors: Readonly<Record<string, readonly string[]>>;

  constructor(part: RequestPart, given: unknown, issues: Issues) {
    const { "": whole, ...fields } = errorsByField(issues);
    const isShapeless = typeof given !== "object" || given === null || Array.isArray(given);
    this.part = part;
    this.status = part === "params" || (whole !== undefined && isShapeless) ? 400 : 422;
    this.errors = whole === undefined || isShapeless ? fields : { ...fields, [part]: whole };
  }
}
