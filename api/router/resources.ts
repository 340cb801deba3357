import { apiError } from "../errors.ts";
import type { HttpMethod } from "./route.ts";

export type ResourceAction = "index" | "edit" | "new" | "show" | "create" | "update" | "delete";

export interface ResourceRoute {
  readonly method: HttpMethod;
  /** Of the route: that of the resource, and what follows it. */
  readonly path: string;
  readonly action: ResourceAction;
}

/** What of the options of a resource decides on its routes. */
export interface ResourceShape {
  readonly only?: readonly ResourceAction[];
  readonly except?: readonly ResourceAction[];
  /** The name of the parameter in the path. Default: `id`. */
  readonly param?: string;
  /** What one of them is called, for the parameter of what is nested in it: `user` for `:user_id`. Default: the last part of the path without its `s`. */
  readonly name?: string;
  /** There is only one, of whoever asks: no index, and no parameter. */
  readonly singleton?: boolean;
}

/** The eight routes of a resource in Phoenix's order. `:` stands for its parameter, if it has one. */
const ROUTES: readonly ResourceRoute[] = [
  { method: "GET", path: "", action: "index" },
  { method: "GET", path: ":/edit", action: "edit" },
  { method: "GET", path: "/new", action: "new" },
  { method: "GET", path: ":", action: "show" },
  { method: "POST", path: "", action: "create" },
  { method: "PATCH", path: ":", action: "update" },
  { method: "PUT", path: ":", action: "update" },
  { method: "DELETE", path: ":", action: "delete" },
];

const ACTIONS: readonly string[] = [...new Set(ROUTES.map((route) => route.action))];
const SINGLETON_ACTIONS: readonly string[] = ACTIONS.filter((action) => action !== "index");
/** Words that are not made one by leaving out their last letter. */
const IRREGULAR = /([^s]|ies|[sxz]es|[cs]hes|[siu]s)$/;

/** The routes of the resource at `path` that its options leave. */
export function resourceRoutes(path: string, shape: ResourceShape): readonly ResourceRoute[] {
  const { param = "id", singleton = false } = shape;
  const possible = singleton ? SINGLETON_ACTIONS : ACTIONS;
  const { only = possible, except = [] } = shape;
  for (const [option, actions] of [["only", only] as const, ["except", except] as const]) {
    const unknown = actions.find((action) => !possible.includes(action));
    if (unknown !== undefined) {
      throw apiError("ROOKERY_RESOURCE_ACTION", option, path, possible.join(", "), unknown);
    }
  }
  const left = (action: ResourceAction): boolean =>
    possible.includes(action) && only.includes(action) && !except.includes(action);
  const member = singleton ? "" : `/:${param}`;
  const front = path.replace(/\/+$/, "");
  return ROUTES.filter(({ action }) => left(action)).map((route) => ({
    ...route,
    path: front + route.path.replace(":", member),
  }));
}

/** Where what is nested in the resource at `path` begins: `/users/:user_id`. */
export function nestedPrefix(path: string, { param = "id", name, singleton = false }: ResourceShape): string {
  const front = path.replace(/\/+$/, "");
  if (singleton) return front;
  const last = front.slice(front.lastIndexOf("/") + 1);
  if (name === undefined && IRREGULAR.test(last)) throw apiError("ROOKERY_RESOURCE_NAME", path, "none");
  return `${front}/:${name ?? last.slice(0, -1)}_${param}`;
}
