import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { OpenApiDocument } from "rookery/api";
import { fuzz, type FuzzSend } from "rookery/api/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { RunningDemo } from "./running-demo.ts";

/** For a longer look, or to see something again: `FUZZ_SEED=7 FUZZ_RUNS=200 npx vitest run test/demo/openapi.test.ts`. */
const { FUZZ_SEED = "1", FUZZ_RUNS = "2" } = process.env;
/** So many of them at most, until each operation has succeeded once. */
const RUNS_MAX = 12;

let demo: RunningDemo;
let document: OpenApiDocument;
let send: FuzzSend;

beforeAll(async () => {
  demo = await RunningDemo.start();
  document = (await demo.get("/openapi.json")).json as OpenApiDocument;
  send = ({ path, method, headers, body = null }) => fetch(demo.url + path, { method, headers, body });
});
afterAll(() => demo[Symbol.asyncDispose]());

const validators = new Map<unknown, ValidateFunction>();

/** What ajv has against `value`. */
function check(schema: unknown, value: unknown): string | undefined {
  let validate = validators.get(schema);
  if (validate === undefined) {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
    validate = ajv.compile({ ...(schema as object), components: document.components });
    validators.set(schema, validate);
  }
  return validate(value) ? undefined : JSON.stringify(validate.errors);
}

describe("/openapi.json", () => {
  test("is valid by the official schema", async () => {
    const { valid, errors } = await new Validator().validate({ ...document });
    assert.ok(valid, JSON.stringify(errors));
  });

  test("describes the routes of the program, its components and its security", () => {
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
    );
    assert.deepEqual(operations, [
      "get /healthz health.show",
      "get /readyz health.ready",
      "post /api/v1/users user.create",
      "get /api/v1/users user.index",
      "post /api/v1/sessions session.create",
      "get /api/v1/products product.index",
      "get /api/v1/users/{id} user.show",
      "get /api/v1/orders order.index",
      "post /api/v1/orders order.create",
      "get /api/v1/orders/{id} order.show",
      "post /api/v1/orders/{id}/cancel order.cancel",
      "get /api/v1/rooms room.index",
      "get /api/v1/rooms/{id}/messages room.messages",
    ]);
    const { schemas, securitySchemes } = document.components;
    assert.deepEqual(Object.keys(schemas), [
      "Error",
      "User",
      "FieldErrors",
      "FieldMessages",
      "Session",
      "Product",
      "Order",
      "Room",
      "Message",
    ]);
    assert.deepEqual(securitySchemes, { bearerAuth: { type: "http", scheme: "bearer" } });
    const { get } = document.paths["/api/v1/orders"]!;
    assert.deepEqual(
      [get!.security, Object.keys(get!.responses)],
      [[{ bearerAuth: [] }], ["200", "401", "406", "422"]],
    );
  });

  test("is what the running server does, whatever it is asked", { timeout: 600_000 }, async () => {
    const { token, email } = await demo.signUp();
    const first = Number(FUZZ_SEED);
    const runs = Number(FUZZ_RUNS);
    const operations = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    const succeeded = new Set<string>();
    const isDone = (seed: number): boolean =>
      seed >= first + runs && (succeeded.size === operations.length || seed >= first + RUNS_MAX);
    for (let seed = first; !isDone(seed); seed += 1) {
      const { statuses } = await fuzz(document, send, {
        seed,
        runs: 1,
        credentials: { bearerAuth: token },
        known: { email, password: "correct horse" },
        check,
      });
      for (const [id, counts] of Object.entries(statuses))
        if (Object.keys(counts).some((status) => status.startsWith("2"))) succeeded.add(id);
    }
    // A server that refused everything would prove little.
    assert.deepEqual([...succeeded].toSorted(), operations.toSorted());
  });
});
