import { STATUS_CODES } from "node:http";
import type { StandardSchema } from "../../channels/index.ts";
import type { Route } from "../router/route.ts";
import type { RouteSchemas } from "../router/route-schemas.ts";
import type { Components } from "./components.ts";
import type { OpenApiOperation, OpenApiParameter, OpenApiResponse } from "./document.ts";
import { errorSchemaOf } from "./error-schemas.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { PathTemplate } from "./path-template.ts";
import { refusalsOf, securityOf } from "./pipeline.ts";

/** Answers without a body. */
const BODILESS: readonly string[] = ["204", "205", "304"];

/** `UserController.show` as `user.show`. */
export function operationName({ controller, action }: Route): string {
  return `${resourceName(controller)}.${action}`;
}

/** The resource that a controller is for, in lower case: `UserController` is for `user`. */
export function resourceName(controller: string): string {
  const name = controller.replace(/Controller$/, "") || controller;
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** A route as clients see it. */
export function operationOf(
  route: Route,
  operationId: string,
  template: PathTemplate,
  components: Components,
): OpenApiOperation {
  const { body } = route.schemas;
  const parameters = parametersOf(route.schemas, template, components);
  const security = securityOf(route.plugs);
  return {
    operationId,
    tags: [resourceName(route.controller)],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: json(components.ofRequest(body)) } }),
    responses: responsesOf(route, components),
    ...(security.length === 0
      ? {}
      : { security: security.map((names) => Object.fromEntries(names.map((name) => [name, []]))) }),
  };
}

function parametersOf(
  schemas: RouteSchemas,
  template: PathTemplate,
  components: Components,
): OpenApiParameter[] {
  const params = fieldsOf(schemas.params, components);
  const query = fieldsOf(schemas.query, components);
  return [
    ...template.params.map((name, index) =>
      parameter(template.names[index]!, "path", true, params.schemas[name] ?? { type: "string" }),
    ),
    ...Object.entries(query.schemas).map(([name, schema]) =>
      parameter(name, "query", query.required.includes(name), schema),
    ),
  ];
}

function parameter(
  name: string,
  place: "path" | "query",
  required: boolean,
  schema: JsonSchema,
): OpenApiParameter {
  const { description, ...rest } = schema;
  const text = typeof description === "string" ? { description, schema: rest } : { schema };
  return { name, in: place, ...(required ? { required } : {}), ...text };
}

/** The schemas of an object's fields, each for itself. */
function fieldsOf(
  schema: StandardSchema | undefined,
  components: Components,
): { readonly schemas: Readonly<Record<string, JsonSchema>>; readonly required: readonly string[] } {
  if (schema === undefined) return { schemas: {}, required: [] };
  return fieldsIn(components.resolved(components.ofRequest(schema)), components);
}

function fieldsIn(schema: JsonSchema, components: Components): ReturnType<typeof fieldsOf> {
  const { properties = {}, required = [], allOf = [] } = schema;
  const parts = (allOf as JsonSchema[]).map((part) => fieldsIn(components.resolved(part), components));
  return {
    schemas: Object.assign({}, ...parts.map((part) => part.schemas), properties) as Record<
      string,
      JsonSchema
    >,
    required: [...parts.flatMap((part) => part.required), ...(required as string[])],
  };
}

/** What the action has declared, and what pipelines and schemas answer before it is asked. */
function responsesOf(route: Route, components: Components): Record<string, OpenApiResponse> {
  const { responses: declared } = route.schemas;
  const responses: Record<string, OpenApiResponse> = {};
  for (const [status, schema] of Object.entries(declared ?? {})) {
    const content = BODILESS.includes(status) ? {} : { content: json(components.ofResponse(schema)) };
    responses[status] = { description: phrase(status), ...content };
  }
  for (const status of refusalsOf(route)) {
    responses[status] ??= {
      description: phrase(status),
      content: json(errorSchemaOf(status, route, components)),
    };
  }
  if (declared === undefined)
    responses["default"] = { description: "What the action answers, which it does not declare." };
  return responses;
}

function json(schema: JsonSchema): { readonly "application/json": { readonly schema: JsonSchema } } {
  return { "application/json": { schema } };
}

function phrase(status: string | number): string {
  return STATUS_CODES[status] ?? `Status ${status}`;
}
