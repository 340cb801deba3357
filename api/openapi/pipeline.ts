import type { Plug, PlugSecurity } from "../plug.ts";
import type { Route } from "../router/route.ts";

const BODY_METHODS: readonly string[] = ["POST", "PUT", "PATCH", "DELETE"];

/** The statuses by which a route refuses a request before its action is asked: those of its plugs and its schemas, and of Fastify. */
export function refusalsOf({ method, plugs, schemas }: Route): readonly number[] {
  const { params, query, body } = schemas;
  const statuses = new Set(plugs.flatMap((plug) => plug.refuses ?? []));
  if (BODY_METHODS.includes(method)) {
    // No JSON, a body that is too large, and something that is no JSON at all.
    if (body !== undefined) for (const status of [400, 413, 415]) statuses.add(status);
    else if (plugs.some((plug) => plug.bodyLimitBytes !== undefined)) statuses.add(413);
  }
  if (params !== undefined) statuses.add(400);
  if (query !== undefined || body !== undefined) statuses.add(422);
  return [...statuses].toSorted((a, b) => a - b);
}

/**
 * The ways to show who one is, of which one is enough, by the names of their schemes; an empty one for nobody. The first plug that
 * insists lets pass whom it knows or one before it has known.
 */
export function securityOf(plugs: readonly Plug[]): readonly (readonly string[])[] {
  const insisting = plugs.findIndex(({ refuses = [] }) => refuses.includes(401));
  const asked = insisting === -1 ? plugs : plugs.slice(0, insisting + 1);
  const names = [...new Set(asked.flatMap(({ security }) => security?.name ?? []))];
  if (names.length === 0) return [];
  const ways = names.map((name) => [name]);
  return insisting === -1 ? [...ways, []] : ways;
}

/** Everything that the plugs of these routes demand. */
export function demandsOf(routes: readonly Route[]): readonly PlugSecurity[] {
  return routes.flatMap(({ plugs }) => plugs.flatMap((plug) => plug.security ?? []));
}
