import assert from "node:assert/strict";
import type { FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { completeExceptions, exceptionStatus } from "../../api/exception-status.ts";
import { NotFoundError, repoError } from "../../api/repo/errors.ts";
import { defineRouter } from "../../api/router/router.ts";
import { mounted } from "./mounted.ts";

describe("exceptionStatus", () => {
  const statuses: [unknown, number][] = [
    [new NotFoundError("users", 7), 404],
    [repoError("ROOKERY_REPO_STALE", ["users", 7, "update"]), 409],
    [repoError("ROOKERY_REPO_QUEUE_FULL", [10_000]), 503],
    [Object.assign(new Error("teapot"), { statusCode: 418 }), 418],
    [Object.assign(new Error("invalid byte sequence for encoding"), { code: "22021" }), 400],
    [Object.assign(new Error("value out of range"), { code: "22003" }), 400],
    [Object.assign(new Error("invalid input syntax for a point in time"), { code: "22007" }), 400],
    [Object.assign(new Error("point in time out of range"), { code: "22008" }), 400],
    [Object.assign(new Error("time zone displacement out of range"), { code: "22009" }), 400],
    [Object.assign(new Error("interval field value out of range"), { code: "22015" }), 400],
    [Object.assign(new Error('time zone "nowhere" not recognized'), { code: "22023" }), 400],
    [Object.assign(new Error("invalid input syntax for type bigint"), { code: "22P02" }), 400],
    [Object.assign(new Error("unsupported Unicode escape sequence"), { code: "22P05" }), 400],
    [Object.assign(new Error("index row requires 112160 bytes"), { code: "54000" }), 400],
    [new Error("a bug"), 500],
  ];
  for (const [thrown, status] of statuses) {
    test(`is ${status} for ${thrown}`, () => {
      assert.equal(exceptionStatus(thrown), status);
    });
  }

  test("is 500 for a status that is no error's, and for what is no error", () => {
    for (const statusCode of [200, 302, 399, 600, 404.5, "404", null]) {
      assert.equal(exceptionStatus({ statusCode }), 500);
    }
    for (const thrown of [undefined, null, "not_found", 404]) assert.equal(exceptionStatus(thrown), 500);
  });
});

describe("the exceptions of a router", () => {
  class PaymentError extends Error {}
  class PaymentRefused extends PaymentError {
    readonly code = "REFUSED";
  }
  const coded = (code: string): Error => Object.assign(new Error(code), { code });

  test("have the status of their code, of the first class that fits, or their own", () => {
    const table = completeExceptions([
      [PaymentRefused, 402],
      [PaymentError, 502],
      ["EBUSY", 503],
      ["ROOKERY_REPO_STALE", 412],
    ]);
    assert.equal(exceptionStatus(new PaymentRefused(), table), 402);
    assert.equal(exceptionStatus(new PaymentError(), table), 502);
    assert.equal(exceptionStatus(coded("EBUSY"), table), 503);
    assert.equal(exceptionStatus(repoError("ROOKERY_REPO_STALE", ["users", 7, "update"]), table), 412);
    assert.equal(exceptionStatus(Object.assign(new PaymentError(), { statusCode: 418 }), table), 418);
    assert.equal(exceptionStatus(new Error("a bug"), table), 500);
  });

  test("are answered so when an action throws them", async () => {
    const show = (): never => {
      throw new PaymentRefused("no money");
    };
    const app = mounted((route) => route.get("/", { show }, "show"), { exceptions: [[PaymentError, 402]] });
    const response = await app.inject("/");
    assert.deepEqual(
      [response.statusCode, response.json()],
      [402, { errors: { detail: "Payment Required" } }],
    );
  });

  test("count in the router that it is forwarded from, where those of that one come first", async () => {
    class Declined extends PaymentError {}
    const inner = defineRouter(
      (route) => {
        const fail = ({ query }: FastifyRequest): never => {
          const { code } = query as { code?: string };
          throw code === undefined ? new Declined("no money") : coded(code);
        };
        route.get("/pay", { fail }, "fail");
      },
      {
        exceptions: [
          [PaymentError, 402],
          ["EBUSY", 503],
          ["EAGAIN", 503],
        ],
      },
    );
    const app = mounted((route) => route.forward("/shop", inner), { exceptions: [["EAGAIN", 429]] });
    assert.equal((await app.inject("/shop/pay")).statusCode, 402);
    assert.equal((await app.inject("/shop/pay?code=EBUSY")).statusCode, 503);
    assert.equal((await app.inject("/shop/pay?code=EAGAIN")).statusCode, 429);
  });

  test("are refused with what is no status of an error", () => {
    for (const status of [200, 302, 600, 404.5]) {
      assert.throws(() => completeExceptions([[PaymentError, status]]), {
        code: "ROOKERY_EXCEPTION_STATUS",
        message: /PaymentError/,
      });
    }
  });
});
