import { apiError } from "../errors.ts";
import { PATH_VARIABLE } from "./path-variable.ts";
import type { Router } from "./router.ts";

/** What can stand in a path: a scalar, or a record by its id. `Phoenix.Param`. */
export type PathParam = Scalar | { readonly id: string | number | bigint };
type Scalar = string | number | bigint | boolean;

/** What follows the question mark; undefined is left out, a list is the same name several times. */
export type PathQuery = Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>;

type Before<Text extends string, Mark extends string> = Text extends `${infer Front}${Mark}${string}`
  ? Front
  : Text;
type NamesIn<Part extends string> = Part extends `${string}:${infer Rest}`
  ? Before<Before<Before<Before<Before<Rest, ":">, "-">, ".">, "(">, "?"> | NamesIn<Rest>
  : never;
type ParamNames<Path extends string> = Path extends `${infer Part}/${infer Rest}`
  ? NamesIn<Part> | ParamNames<Rest>
  : Path extends "*"
    ? "*"
    : NamesIn<Path>;

/** The parameters of a path by name; `*` for what stands for all the rest, whose slashes stay. */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, PathParam>>
  : [ParamNames<Path>] extends [never]
    ? Readonly<Record<string, never>>
    : { readonly [Name in ParamNames<Path>]: Name extends "*" ? string : PathParam };

type PathArguments<Path extends string> = [ParamNames<Path>] extends [never]
  ? [params?: PathParams<Path>, query?: PathQuery]
  : [params: PathParams<Path>, query?: PathQuery];

/** Makes paths of a router whose `Paths` are known where the router itself is not. */
export type PathTo<Paths extends string> = <Path extends Paths>(
  pattern: Path,
  ...[params, query]: PathArguments<Path>
) => string;

const DOTS = /^\.{0,2}$/;

/**
 * The path of a route of `router` with its parameters filled in, percent-encoded. A path that the router does not have, or a
 * parameter too many or too few, is an error of the compiler, if what declares its routes returns them (see `defineRouter`); and
 * anyway `ROOKERY_PATH` or `ROOKERY_PATH_PARAM`. The `~p` of `Phoenix.VerifiedRoutes`.
 * @example
 * ```ts doctest
 * const router = defineRouter((route) => [route.get("/users/:id", { show: () => ({}) }, "show")]);
 * path(router, "/users/:id", { id: "a/b" }); // => "/users/a%2Fb"
 * path(router, "/users/:id", { id: 1 }, { tab: ["x", "y"] }); // => "/users/1?tab=x&tab=y"
 * ```
 */
export function path<Paths extends string, Path extends Paths>(
  router: Router<Paths>,
  pattern: Path,
  ...[params, query]: PathArguments<Path>
): string {
  if (!router.has(pattern)) throw apiError("ROOKERY_PATH", pattern);
  return filled(pattern, params, query);
}

/**
 * A `path` for where the router can't be imported, as in the controllers that it leads to: the compiler checks `Paths`
 * against the router where that is given its type, `Router<Paths>`.
 *
 * ```ts
 * export type AppPath = "/users/:id";
 * export const pathTo: PathTo<AppPath> = paths();
 * export const router: Router<AppPath> = defineRouter((route) => [route.resources("/users", UserController)]);
 * ```
 */
export function paths<Paths extends string>(): PathTo<Paths> {
  return (pattern, ...[params, query]) => filled(pattern, params, query);
}

function filled(pattern: string, params: Readonly<Record<string, unknown>> = {}, query?: PathQuery): string {
  const used = new Set<string>();
  const filledIn = pattern.replace(PATH_VARIABLE, (_variable, name: string | undefined) => {
    used.add(name ?? "*");
    return name === undefined ? restOf(pattern, params["*"]) : encoded(pattern, name, params[name]);
  });
  const extra = Object.keys(params).find((name) => !used.has(name));
  if (extra !== undefined) throw apiError("ROOKERY_PATH_PARAM", "parameter", pattern, extra);
  const search = query === undefined ? "" : searchOf(query);
  return search === "" ? filledIn : `${filledIn}?${search}`;
}

function encoded(pattern: string, name: string, value: unknown): string {
  const scalar = typeof value === "object" && value !== null && "id" in value ? value.id : value;
  const text = typeof scalar === "object" ? "" : String(scalar ?? "");
  // Nothing at all, or dots that a client would resolve, lead to another route.
  if (DOTS.test(text)) throw apiError("ROOKERY_PATH_PARAM", name, pattern, value);
  return encodeURIComponent(text.toWellFormed());
}

function restOf(pattern: string, value: unknown): string {
  if (typeof value !== "string") throw apiError("ROOKERY_PATH_PARAM", "*", pattern, value);
  return value
    .split("/")
    .map((part) => encoded(pattern, "*", part))
    .join("/");
}

function searchOf(query: PathQuery): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar | undefined])
      if (item !== undefined) search.append(name, String(item));
  }
  return search.toString();
}
