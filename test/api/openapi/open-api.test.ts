import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, test } from "vitest";
import { z } from "zod";
import { action } from "../../../api/action.ts";
import type { Action } from "../../../api/controller.ts";
import type { OpenApiDocument, OpenApiOperation } from "../../../api/openapi/document.ts";
import { errorSchema } from "../../../api/openapi/error-schemas.ts";
import { openApi, type OpenApiOptions } from "../../../api/openapi/open-api.ts";
import { accepts } from "../../../api/plugs/accepts.ts";
import { bearerAuth } from "../../../api/plugs/bearer-auth.ts";
import { bodyLimit } from "../../../api/plugs/body-limit.ts";
import { basicAuth } from "../../../api/plugs/basic-auth.ts";
import { protectFromForgery } from "../../../api/plugs/protect-from-forgery.ts";
import { rateLimit } from "../../../api/plugs/rate-limit.ts";
import { session } from "../../../api/plugs/session.ts";
import { sessionAuth } from "../../../api/plugs/session-auth.ts";
import { scrubParams } from "../../../api/plugs/scrub-params.ts";
import type { Plug } from "../../../api/plug.ts";
import { defineRouter } from "../../../api/router/router.ts";
import type { Scope } from "../../../api/router/scope.ts";

const info = { title: "Birds", version: "1.0.0" };

const bird = z
  .object({ id: z.int().min(1), name: z.string().max(40), seen_at: z.date() })
  .meta({ id: "Bird", description: "One of the garden." });
const id = z.object({ id: z.coerce.number().int().min(1) });

class BirdController {
  readonly index: Action = action(
    {
      query: z.object({
        limit: z.coerce.number().int().max(100).default(50).describe("At most so many."),
        sort: z.enum(["name", "id"]),
      }),
      responses: { 200: z.object({ data: z.array(bird) }) },
    },
    () => ({ data: [] }),
  );
  readonly show: Action = action({ params: id, responses: { 200: bird, 404: errorSchema } }, () => ({
    error: "not_found",
  }));
  readonly create: Action = action(
    { body: z.object({ bird: z.object({ name: z.string().trim().min(1) }) }), responses: { 201: bird } },
    () => ({ error: "conflict" }),
  );
  readonly update: Action = action(
    { params: id, body: z.object({ name: z.string() }), responses: { 200: bird } },
    () => ({
      error: "conflict",
    }),
  );
  readonly delete: Action = action({ params: id, responses: { 204: z.undefined() } }, (_, reply) =>
    reply.code(204).send(),
  );
  song(): object {
    return {};
  }
}

function documentOf(declare: (route: Scope) => void, options: Partial<OpenApiOptions> = {}): OpenApiDocument {
  return JSON.parse(JSON.stringify(openApi(defineRouter(declare), { info, ...options }))) as OpenApiDocument;
}

function operation(declare: (route: Scope) => void): OpenApiOperation {
  const [item] = Object.values(documentOf(declare).paths);
  return Object.values(item!)[0]!;
}

function birds(route: Scope): void {
  route.pipeline("api", [accepts("json"), bearerAuth(() => ({ id: 1 }))]);
  route.scope("/v1", { through: "api" }, (v1) => {
    v1.resources("/birds", BirdController, { except: ["edit", "new"] });
    v1.get("/birds/:id/song", BirdController, "song");
  });
}

const ERROR = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };
const FIELDS = { "application/json": { schema: { $ref: "#/components/schemas/FieldErrors" } } };

describe("openApi", () => {
  test("makes a valid document of OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate({ ...documentOf(birds) });
    assert.ok(valid, JSON.stringify(errors));
    assert.equal(validator.version, "3.1");
  });

  test("has the same text each time, in the order of the routes", () => {
    assert.equal(JSON.stringify(documentOf(birds)), JSON.stringify(documentOf(birds)));
    const { paths } = documentOf(birds);
    assert.deepEqual(
      Object.entries(paths).map(([path, item]) => [path, ...Object.keys(item)]),
      [
        ["/v1/birds", "get", "post"],
        ["/v1/birds/{id}", "get", "patch", "put", "delete"],
        ["/v1/birds/{id}/song", "get"],
      ],
    );
  });

  test("describes a route by what its pipelines and its action's schemas say", () => {
    const { get } = documentOf(birds).paths["/v1/birds/{id}"]!;
    assert.deepEqual(get, {
      operationId: "bird.show",
      tags: ["bird"],
      parameters: [
        {
          name: "id",
          in: "path",
          required: true,
          schema: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        },
      ],
      responses: {
        200: {
          description: "OK",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Bird" } } },
        },
        400: {
          description: "Bad Request",
          content: {
            "application/json": {
              schema: {
                anyOf: [{ $ref: "#/components/schemas/Error" }, { $ref: "#/components/schemas/FieldErrors" }],
              },
            },
          },
        },
        401: { description: "Unauthorized", content: ERROR },
        404: { description: "Not Found", content: ERROR },
        406: { description: "Not Acceptable", content: ERROR },
      },
      security: [{ bearerAuth: [] }],
    });
  });

  test("has each schema with an id once, and the shapes of errors", () => {
    const { components } = documentOf(birds);
    assert.deepEqual(components, {
      schemas: {
        Bird: {
          type: "object",
          description: "One of the garden.",
          properties: {
            id: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
            name: { type: "string", maxLength: 40 },
            seen_at: { type: "string", format: "date-time" },
          },
          required: ["id", "name", "seen_at"],
        },
        Error: {
          type: "object",
          required: ["errors"],
          properties: {
            errors: { type: "object", required: ["detail"], properties: { detail: { type: "string" } } },
          },
        },
        FieldErrors: {
          type: "object",
          required: ["errors"],
          properties: { errors: { $ref: "#/components/schemas/FieldMessages" } },
        },
        FieldMessages: {
          type: "object",
          additionalProperties: {
            description: "What is wrong with the field, or with the fields of what is nested in it.",
            anyOf: [
              { type: "array", items: { type: "string" } },
              { type: "array", items: { $ref: "#/components/schemas/FieldMessages" } },
              { $ref: "#/components/schemas/FieldMessages" },
            ],
          },
        },
      },
      securitySchemes: { bearerAuth: { type: "http", scheme: "bearer" } },
    });
  });

  test("describes what a client may send, not what schemas make of it", () => {
    const { get, post } = documentOf(birds).paths["/v1/birds"]!;
    assert.deepEqual(get!.parameters, [
      {
        name: "limit",
        in: "query",
        description: "At most so many.",
        schema: { default: 50, type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: 100 },
      },
      { name: "sort", in: "query", required: true, schema: { type: "string", enum: ["name", "id"] } },
    ]);
    assert.deepEqual(post!.requestBody, {
      required: true,
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: {
              bird: {
                type: "object",
                properties: { name: { type: "string", minLength: 1 } },
                required: ["name"],
              },
            },
            required: ["bird"],
          },
        },
      },
    });
  });

  test("says that a body can be malformed, too large, no JSON, or wrong in single fields", () => {
    const { post } = documentOf(birds).paths["/v1/birds"]!;
    const { 400: malformed, 413: large, 415: other, 422: wrong } = post!.responses;
    assert.deepEqual(
      [malformed!.content, large!.content, other!.content, wrong!.content],
      [ERROR, ERROR, ERROR, FIELDS],
    );
  });

  test("has no body where an answer has none", () => {
    const { delete: remove } = documentOf(birds).paths["/v1/birds/{id}"]!;
    assert.deepEqual(remove!.responses["204"], { description: "No Content" });
  });

  test("says of an action without responses that it answers something", () => {
    const { get } = documentOf(birds).paths["/v1/birds/{id}/song"]!;
    assert.deepEqual(Object.keys(get!.responses), ["401", "406", "default"]);
    assert.deepEqual(get!.parameters, [
      { name: "id", in: "path", required: true, schema: { type: "string" } },
    ]);
  });

  test("calls operations after controller and action, and a second one after its method, too", () => {
    const document = documentOf((route) => {
      birds(route);
      route.get("/again", BirdController, "song");
      route.get("/and/again", BirdController, "song");
    });
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    assert.deepEqual(ids, [
      "bird.index",
      "bird.create",
      "bird.show",
      "bird.update",
      "bird.update.put",
      "bird.delete",
      "bird.song",
      "bird.song.get",
      "bird.song.get2",
    ]);
  });

  test("writes the patterns, options and stars of Fastify's paths as names in braces", () => {
    const document = documentOf((route) => {
      route.get("/a/:id(^\\d+$)/b", BirdController, "song");
      route.get("/calendar/:year-:month/:day?", BirdController, "song");
      route.get("/files/*", BirdController, "song");
    });
    assert.deepEqual(Object.keys(document.paths), [
      "/a/{id}/b",
      "/calendar/{year}-{month}/{day}",
      "/files/{wildcard}",
    ]);
  });

  test("takes paths that differ in the names of parameters only for one", () => {
    const { paths } = documentOf((route) => {
      route.get("/birds/:id", BirdController, "show");
      route.delete("/birds/:bird_id", BirdController, "song");
    });
    assert.deepEqual(Object.keys(paths), ["/birds/{id}"]);
    assert.equal(paths["/birds/{id}"]!.delete!.parameters![0]!.name, "id");
  });

  test("takes in the servers, the texts of operations and the schemes that it is given", () => {
    const bearerAuth_ = { type: "http", scheme: "bearer", bearerFormat: "signed" } as const;
    const document = documentOf(birds, {
      servers: [{ url: "https://birds.example.com" }],
      operations: { "bird.song": { summary: "How it sings" } },
      securitySchemes: { bearerAuth: bearerAuth_ },
    });
    assert.deepEqual(document.servers, [{ url: "https://birds.example.com" }]);
    assert.equal(document.paths["/v1/birds/{id}/song"]!.get!.summary, "How it sings");
    assert.deepEqual(document.components.securitySchemes, { bearerAuth: bearerAuth_ });
  });

  test("refuses a text about an operation that is none", () => {
    assert.throws(() => documentOf(birds, { operations: { "bird.sing": { summary: "?" } } }), {
      code: "ROOKERY_OPENAPI",
      message: /bird\.song in an OpenAPI document, got bird\.sing$/,
    });
  });

  test("refuses two different schemas with one id", () => {
    const other = action(
      { responses: { 200: z.object({ name: z.string() }).meta({ id: "Thing" }) } },
      () => ({ name: "" }),
    );
    const one = action({ responses: { 200: z.object({ id: z.int() }).meta({ id: "Thing" }) } }, () => ({
      id: 1,
    }));
    assert.throws(
      () =>
        documentOf((route) => {
          route.get("/one", { one }, "one");
          route.get("/other", { other }, "other");
        }),
      { code: "ROOKERY_OPENAPI", message: /one schema with the id Thing/ },
    );
  });

  test("lets what refers to itself refer to its component", () => {
    interface Tree {
      readonly kids: Tree[];
    }
    const tree: z.ZodType<Tree> = z.object({ kids: z.array(z.lazy(() => tree)) });
    const nest: z.ZodType<Tree> = z.object({ kids: z.array(z.lazy(() => nest)) }).meta({ id: "Nest" });
    const grow = action(
      { body: tree, responses: { 200: z.object({ left: nest, right: nest }) } },
      ({ body }) => ({
        left: body,
        right: body,
      }),
    );
    const { components, paths } = documentOf((route) => {
      route.post("/grow", { grow }, "grow");
      route.post("/grow/again", { grow }, "grow");
    });
    const kids = (name: string): object => ({
      type: "object",
      properties: { kids: { type: "array", items: { $ref: `#/components/schemas/${name}` } } },
      required: ["kids"],
    });
    assert.deepEqual(Object.keys(components.schemas), [
      "Schema1",
      "Nest",
      "Error",
      "FieldErrors",
      "FieldMessages",
    ]);
    assert.deepEqual(components.schemas["Schema1"], kids("Schema1"));
    assert.deepEqual(components.schemas["Nest"], kids("Nest"));
    assert.deepEqual(paths["/grow"]!.post!.requestBody!.content["application/json"].schema, {
      $ref: "#/components/schemas/Schema1",
    });
  });

  test("describes what has no form in JSON Schema as anything", () => {
    const body = z.object({ at: z.date(), n: z.string() });
    const { requestBody } = operation((route) => route.post("/", { a: action({ body }, () => ({})) }, "a"));
    assert.deepEqual(requestBody!.content["application/json"].schema, {
      type: "object",
      properties: { at: {}, n: { type: "string" } },
      required: ["at", "n"],
    });
  });
});

describe("the security of a route", () => {
  const song = { song: (): object => ({}) };
  const insists = bearerAuth(() => ({ id: 1 }));
  const asks = bearerAuth(() => ({ id: 1 }), { optional: true });

  test("is left out where nobody is asked", () => {
    assert.equal(operation((route) => route.get("/", song, "song")).security, undefined);
  });

  test("leaves nobody out where a plug asks but does not insist", () => {
    const { security, responses } = operation((route) => route.get("/", song, "song", { through: asks }));
    assert.deepEqual(security, [{ bearerAuth: [] }, {}]);
    assert.equal(responses["401"], undefined);
  });

  test("is the session's where somebody insists on who is logged in", () => {
    const fetched = session({ key: "_birds", signingSalt: "salt of the session" });
    const through = [fetched, asks, sessionAuth(() => ({ id: 1 }))];
    const document = documentOf((route) => route.get("/", song, "song", { through }));
    assert.deepEqual(document.paths["/"]!.get!.security, [{ session: [] }, { bearerAuth: [] }]);
    assert.deepEqual(document.components.securitySchemes!["session"], {
      type: "apiKey",
      in: "cookie",
      name: "_birds",
    });
  });

  test("is one of the ways up to the plug that insists", () => {
    const byKey = Object.assign((): undefined => undefined, {
      security: {
        name: "key",
        scheme: { type: "apiKey", in: "header", name: "x-key" } as const,
      },
    });
    const { security } = operation((route) =>
      route.get("/", song, "song", { through: [byKey, insists, asks] }),
    );
    assert.deepEqual(security, [{ key: [] }, { bearerAuth: [] }]);
  });
});

describe("a plug", () => {
  const refusals: readonly [string, Plug, readonly string[]][] = [
    ["accepts", accepts("json"), ["406"]],
    ["basicAuth", basicAuth({ username: "a", password: "b" }), ["401"]],
    ["bearerAuth", bearerAuth(() => undefined), ["401"]],
    ["bodyLimit", bodyLimit(9), ["413"]],
    ["protectFromForgery", protectFromForgery(), ["403"]],
    ["rateLimit", rateLimit({ max: 1, windowMs: 1_000 }), ["429"]],
    ["scrubParams", scrubParams("a"), ["400"]],
    ["sessionAuth", sessionAuth(() => undefined), ["401"]],
    ["one of one's own", Object.assign((): undefined => undefined, { refuses: [503] }), ["503"]],
  ];
  for (const [name, plug, statuses] of refusals) {
    test(`tells by which statuses it refuses: ${name}`, () => {
      const a = action({ responses: {} }, () => ({ error: "conflict" }));
      const { responses } = operation((route) => route.post("/", { a }, "a", { through: plug }));
      assert.deepEqual(Object.keys(responses), statuses);
    });
  }
});
