import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { isFailure } from "../../api/action-fallback.ts";
import { InvalidRequest } from "../../api/invalid-request.ts";
import { addError, change } from "../../api/repo/changeset.ts";
import { mounted } from "./mounted.ts";

async function answerTo(failure: unknown): Promise<[number, unknown]> {
  const app = mounted((route) => route.get("/", { show: () => failure }, "show"));
  const response = await app.inject("/");
  return [response.statusCode, response.json()];
}

describe("actionFallback", () => {
  const statuses: Record<string, [number, string]> = {
    bad_request: [400, "Bad Request"],
    unauthorized: [401, "Unauthorized"],
    forbidden: [403, "Forbidden"],
    not_found: [404, "Not Found"],
    not_acceptable: [406, "Not Acceptable"],
    conflict: [409, "Conflict"],
    unprocessable_entity: [422, "Unprocessable Entity"],
    too_many_requests: [429, "Too Many Requests"],
    service_unavailable: [503, "Service Unavailable"],
  };
  for (const [error, [status, detail]] of Object.entries(statuses)) {
    test(`answers { error: "${error}" } with ${status}`, async () => {
      assert.deepEqual(await answerTo({ error }), [status, { errors: { detail } }]);
    });
  }

  test("answers an invalid changeset with 422 and the messages of each field, bare or as the error of a result", async () => {
    const changeset = addError(addError(change({}), "name", "can't be blank"), "name", "is too %{what}", {
      what: "odd",
    });
    const expected = [422, { errors: { name: ["is too odd", "can't be blank"] } }];
    assert.deepEqual(await answerTo(changeset), expected);
    assert.deepEqual(await answerTo({ error: changeset }), expected);
    assert.deepEqual(await answerTo({ ok: false, error: changeset }), expected);
  });

  test("answers in JSON whatever type the action had meant to send", async () => {
    const changeset = addError(change({}), "name", "can't be blank");
    const request = new InvalidRequest("body", {}, [{ message: "is missing", path: ["name"] }]);
    for (const [error, status] of [
      [changeset, 422],
      [request, 422],
      ["conflict", 409],
    ]) {
      const show = (_request: FastifyRequest, reply: FastifyReply): unknown => {
        reply.type("text/csv");
        return { error };
      };
      const response = await mounted((route) => route.get("/", { show }, "show")).inject("/");
      assert.equal(response.statusCode, status);
      assert.equal(response.headers["content-type"], "application/json; charset=utf-8");
    }
  });

  test("takes a failure it does not know for an error of the program", async () => {
    for (const error of ["not_fuond", "ok", { deep: true }, 404]) {
      assert.deepEqual(await answerTo({ error }), [500, { errors: { detail: "Internal Server Error" } }]);
    }
  });
});

describe("isFailure", () => {
  test("is false for what can be sent", () => {
    for (const result of [
      undefined,
      null,
      "error",
      1,
      [],
      {},
      { data: 1 },
      { ok: true, error: undefined },
      change({}),
    ]) {
      assert.equal(isFailure(result), false);
    }
  });
});
