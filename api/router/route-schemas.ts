import type { StandardSchema } from "../../channels/index.ts";

/** What a route takes, and what it answers by status, as Standard Schemas: its action is held to them, tools describe it by them. */
export interface RouteSchemas {
  readonly params?: StandardSchema;
  readonly query?: StandardSchema;
  readonly body?: StandardSchema;
  readonly responses?: { readonly [status: number]: StandardSchema };
}
