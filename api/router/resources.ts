import { apiError } from "../errors.ts";
import type { HttpMethod } from "./route.ts";

export type ResourceAction = "index" | "edit" | "new" | "show" | "create" | "update" | "delete";

export interface ResourceRoute {
  readonly method: HttpMethod;
  /** What follows the path of the resource; `:id` stands for its parameter. */
  readonly suffix: "" | "/new" | "/:id" | "/:id/edit";
  readonly action: ResourceAction;
}

/** The eight routes of a resource in Phoenix's order. */
const ROUTES: readonly ResourceRoute[] = [
  { method: "GET", suffix: "", action: "index" },
  { method: "GET", suffix: "/:id/edit", action: "edit" },
  { method: "GET", suffix: "/new", action: "new" },
  { method: "GET", suffix: "/:id", action: "show" },
  { method: "POST", suffix: "", action: "create" },
  { method: "PATCH", suffix: "/:id", action: "update" },
  { method: "PUT", suffix: "/:id", action: "update" },
  { method: "DELETE", suffix: "/:id", action: "delete" },
];

const ACTIONS: readonly string[] = [...new Set(ROUTES.map((route) => route.action))];

/** The routes of the resource at `path` that `only` and `except` leave. */
export function resourceRoutes(
  path: string,
  only: readonly string[] = ACTIONS,
  except: readonly string[] = [],
): readonly ResourceRoute[] {
  for (const [option, actions] of [["only", only] as const, ["except", except] as const]) {
    const unknown = actions.find((action) => !ACTIONS.includes(action));
    if (unknown !== undefined) {
      throw apiError("ROOKERY_RESOURCE_ACTION", option, path, ACTIONS.join(", "), unknown);
    }
  }
  return ROUTES.filter((route) => only.includes(route.action) && !except.includes(route.action));
}
