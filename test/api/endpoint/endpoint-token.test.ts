import assert from "node:assert/strict";
import type { FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { EndpointToken } from "../../../api/endpoint/endpoint-token.ts";
import { Token } from "../../../channels/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import { endpointApp, SECRET } from "./endpoint-app.ts";

for (const [make, open] of [
  ["sign", "verify"],
  ["encrypt", "decrypt"],
] as const) {
  describe(`EndpointToken.${make}`, () => {
    test(`makes what ${open} takes, with an endpoint or a request of it as context`, async () => {
      const controller = {
        show: (request: FastifyRequest) => ({
          token: EndpointToken[make](request, "user socket", 7),
          other: EndpointToken[open](request, "another salt", EndpointToken[make](request, "user socket", 7)),
        }),
      };
      const app = await endpointApp((route) => route.get("/", controller, "show"));
      const { token, other } = (await app.inject("/")).json();
      assert.deepEqual(EndpointToken[open](app.endpoint, "user socket", token), { ok: true, data: 7 });
      assert.deepEqual(other, { ok: false, reason: "invalid" });
    });

    test("takes the secret of the endpoint, the time of its runtime and options", async () => {
      const clock = new VirtualClock();
      const { endpoint } = await endpointApp(() => {}, {}, clock);
      const token = EndpointToken[make](endpoint, "user socket", 7, { maxAge: 60 });
      assert.deepEqual(Token[open](SECRET, "user socket", token, { clock }), { ok: true, data: 7 });
      clock.advance(30_000);
      assert.deepEqual(EndpointToken[open](endpoint, "user socket", token, { maxAge: 10 }), {
        ok: false,
        reason: "expired",
      });
      clock.advance(30_001);
      assert.deepEqual(EndpointToken[open](endpoint, "user socket", token), { ok: false, reason: "expired" });
    });

    test("needs an endpoint with a secret", async () => {
      const { endpoint } = await endpointApp(() => {}, { secretKeyBase: "" });
      assert.throws(() => EndpointToken[make](endpoint, "user socket", 7), {
        code: "ROOKERY_ENDPOINT_OPTION",
      });
    });
  });
}
