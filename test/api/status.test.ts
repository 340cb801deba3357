import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { test } from "vitest";
import { putStatus } from "../../api/status.ts";
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
});

test("putStatus refuses a name that no status has", () => {
  assert.throws(() => putStatus({} as FastifyReply, "craeted"), {
    code: "ROOKERY_STATUS",
    message: /craeted/,
  });
});
