import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { test } from "vitest";
import { errorStatus, putStatus } from "../../api/status.ts";
import { mounted } from "./mounted.ts";

async function statusAfter(status: number | string): Promise<number> {
  const show = (_request: FastifyRequest, reply: FastifyReply): unknown => putStatus(reply, status).send({});
  return (await mounted((route) => route.get("/", { show }, "show")).inject("/")).statusCode;
}

test("putStatus takes the number of a status or its name", async () => {
  assert.equal(await statusAfter(201), 201);
  assert.equal(await statusAfter("created"), 201);
  assert.equal(await statusAfter("non_authoritative_information"), 203);
  assert.equal(await statusAfter("service_unavailable"), 503);
  assert.equal(await statusAfter("unprocessable_entity"), 422);
});

for (const [name, status] of [
  ["request_entity_too_large", 413],
  ["request_uri_too_long", 414],
  ["requested_range_not_satisfiable", 416],
  ["im_a_teapot", 418],
  ["unprocessable_content", 422],
] as const) {
  test(`${name} is ${status}, as in Plug`, async () => {
    assert.equal(await statusAfter(name), status);
    assert.equal(errorStatus(name), status);
  });
}

test("putStatus refuses a name that no status has", () => {
  assert.throws(() => putStatus({} as FastifyReply, "craeted"), {
    code: "ROOKERY_STATUS",
    message: /craeted/,
  });
});
