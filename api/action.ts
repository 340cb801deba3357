import type { FastifyReply, FastifyRequest } from "fastify";
import { type InputOf, isStandardSchema, type OutputOf } from "../channels/internal.ts";
import type { StandardSchema } from "../channels/index.ts";
import { isPromise } from "../runtime/internal.ts";
import type { Failure } from "./action-fallback.ts";
import type { Action } from "./controller.ts";
import { apiError } from "./errors.ts";
import { InvalidRequest, type RequestPart } from "./invalid-request.ts";
import { checkResponse } from "./response-check.ts";
import type { RouteSchemas } from "./router/route-schemas.ts";

type PartOf<Schemas, Part extends string> = Schemas extends { readonly [Name in Part]: infer Schema }
  ? OutputOf<Schema, unknown>
  : unknown;

/** The request of an action under `Schemas`: Fastify's, with what they make of its parts. */
export type RequestOf<Schemas extends RouteSchemas> = FastifyRequest<{
  Params: PartOf<Schemas, "params">;
  Querystring: PartOf<Schemas, "query">;
  Body: PartOf<Schemas, "body">;
}>;

/** What is sent is only read. */
type Sent<Value> = Value extends readonly (infer Item)[]
  ? readonly Sent<Item>[]
  : Value extends (...args: never) => unknown
    ? Value
    : { readonly [Key in keyof Value]: Sent<Value[Key]> };

/** What an action under `Schemas` may return. */
export type AnswerOf<Schemas extends RouteSchemas> = Schemas extends { readonly responses: infer Responses }
  ? Sent<InputOf<Responses[keyof Responses], unknown>> | Failure | FastifyReply
  : unknown;

interface Check {
  readonly part: RequestPart;
  readonly schema: StandardSchema["~standard"];
}

const PARTS: readonly RequestPart[] = ["params", "query", "body"];
const STATUS = /^[2-5]\d\d$/;

/**
 * An action that is only run for requests that fit its schemas, and finds in `request.params`, `query` and `body` what they make
 * of them, with their types. They are asked when the pipelines have let the request pass, in that order, to the first that does
 * not fit: then the failure is an `InvalidRequest`, which the action fallback answers with 400 or 422 and the fields. What the
 * action returns has to fit one of `responses`: the compiler sees to it, and, while developing, each answer is checked
 * against that of its status (`ROOKERY_RESPONSE`). `Route.schemas` shows the schemas to tools.
 *
 * Throws `ROOKERY_ACTION_SCHEMA` for what is no Standard Schema.
 * @example
 * ```ts doctest
 * const { z } = await import("zod");
 * class UserController {
 *   readonly show: Action = action({ params: z.object({ id: z.coerce.number() }) }, ({ params }) => ({ id: params.id }));
 * }
 * const router = defineRouter((route) => route.get("/users/:id", UserController, "show"));
 * Object.keys(router.routes[0].schemas); // => ["params"]
 * ```
 */
export function action<const Schemas extends RouteSchemas, const Answer extends AnswerOf<Schemas>>(
  schemas: Schemas,
  handle: (request: RequestOf<Schemas>, reply: FastifyReply) => Answer | Promise<Answer>,
): Action {
  const checks = checksOf(schemas);
  const { responses } = schemas;
  const run: Action = (request, reply) => {
    for (let index = 0; index < checks.length; index += 1) {
      const { part, schema } = checks[index]!;
      const result = schema.validate(request[part]);
      if (isPromise(result)) return runLater(request, reply, index, result);
      if (result.issues !== undefined) return failure(part, request, result.issues);
      request[part] = result.value;
    }
    const answer = handle(request as RequestOf<Schemas>, reply);
    return responses === undefined ? answer : checkResponse(responses, answer, request, reply);
  };

  /** From a schema on that answers later. */
  async function runLater(
    request: FastifyRequest,
    reply: FastifyReply,
    from: number,
    first: ReturnType<StandardSchema["~standard"]["validate"]>,
  ): Promise<unknown> {
    let pending: typeof first | undefined = first;
    for (const { part, schema } of checks.slice(from)) {
      const result = await (pending ?? schema.validate(request[part]));
      pending = undefined;
      if (result.issues !== undefined) return failure(part, request, result.issues);
      request[part] = result.value;
    }
    const answer = handle(request as RequestOf<Schemas>, reply);
    return responses === undefined ? answer : checkResponse(responses, answer, request, reply);
  }

  return Object.assign(run, { schemas: Object.freeze(schemas) });
}

function failure(
  part: RequestPart,
  request: FastifyRequest,
  issues: ConstructorParameters<typeof InvalidRequest>[2],
): Failure {
  return { error: new InvalidRequest(part, request[part], issues) };
}

function checksOf(schemas: RouteSchemas): Check[] {
  const { responses = {}, ...parts } = schemas;
  for (const [name, schema] of Object.entries(parts)) {
    if (!PARTS.includes(name as RequestPart)) refuse("only params, query, body and responses", name);
    if (!isStandardSchema(schema)) refuse(`a Standard Schema as ${name}`, schema);
  }
  for (const [status, schema] of Object.entries(responses)) {
    if (!STATUS.test(status)) refuse("statuses from 200 to 599 as keys of responses", status);
    if (!isStandardSchema(schema)) refuse(`a Standard Schema as response ${status}`, schema);
  }
  return PARTS.flatMap((part) => {
    const schema = schemas[part]?.["~standard"];
    return schema === undefined ? [] : [{ part, schema }];
  });
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_ACTION_SCHEMA", expected, got);
}
