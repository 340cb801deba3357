import { apiError } from "../errors.ts";
import type { Router } from "../router/router.ts";
import { Components } from "./components.ts";
import type {
  OpenApiDocument,
  OpenApiInfo,
  OpenApiMethod,
  OpenApiOperation,
  OpenApiServer,
  SecurityScheme,
} from "./document.ts";
import { operationName, operationOf } from "./operation.ts";
import { PathTemplates } from "./path-template.ts";
import { demandsOf } from "./pipeline.ts";

const OPENAPI_VERSION = "3.1.1";

/** What an OpenAPI document says beside what routes and schemas do. */
export interface OpenApiOptions {
  readonly info: OpenApiInfo;
  readonly servers?: readonly OpenApiServer[];
  /** Of what the plugs demand, where more is to be said than the plugs know. */
  readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>;
  /** What schemas don't say, by operation: `{ "user.create": { summary: "Signs up" } }`. */
  readonly operations?: Readonly<Record<string, OperationText>>;
}

export type OperationText = Pick<OpenApiOperation, "summary" | "description">;

/**
 * Describes the routes of a router to people and tools: an OpenAPI 3.1 document, made of the schemas to which its actions are held.
 * Paths, operations and responses stand in the order of the routes. A schema with an id (zod's `.meta({ id: "User" })`) is a
 * component of that name; a response is what the action may return, in JSON. What pipelines and schemas refuse is there with the
 * status, what actions refuse only if they declare it (`responses: { 404: errorSchema }`). An operation is called after controller and
 * action (`user.show`), a second one of that name after its method, too (`user.update.put`). A route whose action has no `responses` is
 * described with `default`. Of routes that differ in their hosts only, the first is described; give `{ routes }` to choose.
 *
 * Throws `ROOKERY_OPENAPI` for two different schemas with one id, and for a text about an operation that is none.
 * @example
 * ```ts
 * const document = openApi(router, { info: { title: "Shop", version: "1.0.0" } });
 * document.paths["/api/v1/users/{id}"].get.operationId; // => "user.show"
 * ```
 */
export function openApi(
  router: Pick<Router, "routes">,
  { info, servers, securitySchemes, operations = {} }: OpenApiOptions,
): OpenApiDocument {
  const components = new Components();
  const templates = new PathTemplates();
  const paths: Record<string, Partial<Record<OpenApiMethod, OpenApiOperation>>> = {};
  const ids = new Set<string>();
  for (const route of router.routes) {
    const method = route.method.toLowerCase() as OpenApiMethod;
    const template = templates.of(route.path);
    const item = (paths[template.path] ??= {});
    if (item[method] !== undefined) continue;
    const id = unusedId(ids, operationName(route), method);
    item[method] = { ...operationOf(route, id, template, components), ...operations[id] };
  }
  const unknown = Object.keys(operations).find((id) => !ids.has(id));
  if (unknown !== undefined)
    throw apiError("ROOKERY_OPENAPI", `one of the operations ${[...ids].join(", ")}`, unknown);

  const demanded = Object.fromEntries(demandsOf(router.routes).map(({ name, scheme }) => [name, scheme]));
  const schemes: Readonly<Record<string, SecurityScheme>> = { ...demanded, ...securitySchemes };
  return {
    openapi: OPENAPI_VERSION,
    info,
    ...(servers === undefined ? {} : { servers }),
    paths,
    components: {
      schemas: components.toJSON(),
      ...(Object.keys(schemes).length === 0 ? {} : { securitySchemes: schemes }),
    },
  };
}

function unusedId(taken: Set<string>, name: string, method: string): string {
  let id = taken.has(name) ? `${name}.${method}` : name;
  for (let number = 2; taken.has(id); number += 1) id = `${name}.${method}${number}`;
  taken.add(id);
  return id;
}
