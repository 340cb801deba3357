import assert from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { z } from "zod";
import type { FastifyInstance } from "fastify";
import { fastify } from "fastify";
import { action } from "../../../api/action.ts";
import type { Action } from "../../../api/controller.ts";
import type { OpenApiDocument } from "../../../api/openapi/document.ts";
import { errorSchema } from "../../../api/openapi/error-schemas.ts";
import { openApi } from "../../../api/openapi/open-api.ts";
import { accepts } from "../../../api/plugs/accepts.ts";
import { bearerAuth } from "../../../api/plugs/bearer-auth.ts";
import { renderErrors } from "../../../api/render-errors.ts";
import { defineRouter } from "../../../api/router/router.ts";
import type { Scope } from "../../../api/router/scope.ts";
import { fuzz, type FuzzOptions, type FuzzReport, type FuzzSend } from "../../../api/testing/fuzz.ts";
import type { FuzzRequest } from "../../../api/testing/fuzz/fuzz-request.ts";

const TOKEN = "one-that-is-known";

const bird = z.object({ id: z.int(), name: z.string() });
const birdParams = z.object({ id: z.coerce.number().int().min(1).max(1_000_000) });
const newBird = z.object({ name: z.string().min(1).max(20), color: z.enum(["red", "blue"]).optional() });

/** A server as its document says, except for what `faults` put in the place of its actions. */
class Birds {
  readonly requests: FuzzRequest[] = [];
  readonly app: FastifyInstance = fastify();
  readonly document: OpenApiDocument;
  readonly #names: string[] = [];

  constructor(faults: Readonly<Record<string, Action>> = {}) {
    const controller = { ...this.#actions(), ...faults };
    const router = defineRouter((route: Scope) => {
      route.pipeline("api", [
        accepts("json"),
        bearerAuth((token) => (token === TOKEN ? { id: 1 } : undefined)),
      ]);
      route.scope("/birds", { through: "api" }, (birds) => {
        birds.get("/", controller, "index");
        birds.post("/", controller, "create");
        birds.get("/:id", controller, "show");
      });
    });
    this.document = openApi(router, { info: { title: "Birds", version: "1" } });
    renderErrors(this.app);
    this.app.removeContentTypeParser("text/plain");
    router.mount(this.app);
  }

  #actions(): { index: Action; create: Action; show: Action } {
    return {
      index: action(
        {
          query: z.object({ limit: z.coerce.number().int().min(1).max(9).optional() }),
          responses: { 200: z.object({ data: z.array(bird) }) },
        },
        () => ({ data: this.#names.map((name, index) => ({ id: index + 1, name })) }),
      ),
      create: action({ body: newBird, responses: { 201: bird } }, ({ body }, reply) => {
        const id = this.#names.push(body.name);
        reply.code(201);
        return { id, name: body.name };
      }),
      show: action(
        { params: birdParams, responses: { 200: bird, 404: errorSchema } },
        ({ params: { id } }) => {
          const name = this.#names[id - 1];
          return name === undefined ? { error: "not_found" } : { id, name };
        },
      ),
    };
  }

  readonly send: FuzzSend = async (request) => {
    this.requests.push(request);
    const { method, path: url, headers, body } = request;
    const answer = await this.app.inject({
      method: method as "GET",
      url,
      headers,
      ...(body === undefined ? {} : { payload: body }),
    });
    const headersOfAnswer = Object.entries(answer.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    return new Response(answer.rawPayload.length === 0 ? null : new Uint8Array(answer.rawPayload), {
      status: answer.statusCode,
      headers: headersOfAnswer,
    });
  };

  fuzz(options: FuzzOptions = {}): Promise<FuzzReport> {
    return fuzz(this.document, this.send, { runs: 5, credentials: { bearerAuth: TOKEN }, ...options });
  }
}

const opened: Birds[] = [];
function birds(faults?: Readonly<Record<string, Action>>): Birds {
  const made = new Birds(faults);
  opened.push(made);
  return made;
}
afterEach(() => Promise.all(opened.splice(0).map(({ app }) => app.close())));

describe("fuzz", () => {
  test("finds nothing in a server that is as its document says, and reaches every status", async () => {
    const { requests, statuses } = await birds().fuzz();
    const counts = Object.values(statuses).flatMap((byStatus) => Object.values(byStatus));
    assert.equal(
      requests,
      counts.reduce((sum, count) => sum + count, 0),
    );
    assert.deepEqual(
      Object.fromEntries(Object.entries(statuses).map(([id, counts]) => [id, Object.keys(counts)])),
      {
        "object.index": ["200", "401", "406", "422"],
        "object.create": ["201", "400", "401", "406", "415", "422"],
        "object.show": ["200", "400", "401", "404", "406"],
      },
    );
  });

  test("makes the same requests with the same seed", async () => {
    const [one, same, other] = [birds(), birds(), birds()];
    await one.fuzz({ seed: 7 });
    await same.fuzz({ seed: 7 });
    await other.fuzz({ seed: 8 });
    assert.deepEqual(one.requests, same.requests);
    assert.notDeepEqual(one.requests, other.requests);
  });

  const faults: Readonly<Record<string, { readonly fault: Record<string, Action>; readonly says: RegExp }>> =
    {
      "a field of another type": {
        fault: {
          create: action({ body: newBird, responses: { 201: bird } }, ({ body: { name } }, reply) =>
            reply.code(201).send({ id: "1", name }),
          ),
        },
        says: /a valid request to object\.create was answered with 201, but expected integer at \/id, got "1"/,
      },
      "a field that is missing": {
        fault: {
          index: action({ responses: { 200: z.object({ data: z.array(bird) }) } }, (_, reply) =>
            reply.send({}),
          ),
        },
        says: /object\.index was answered with 200, but expected the key "data" at the top, got \{\}/,
      },
      "a field that nobody has documented": {
        fault: {
          index: action({ responses: { 200: z.object({ data: z.array(bird) }) } }, (_, reply) =>
            reply.send({ data: [{ id: 1, name: "Wren", password: "secret" }] }),
          ),
        },
        says: /object\.index was answered with 200, but \/data\/0\/password is not documented/,
      },
      "a status that is not documented": {
        fault: { index: action({ responses: { 200: bird } }, () => ({ error: "conflict" })) },
        says: /object\.index was answered with 409, which is none of 200, 401, 406/,
      },
      "a server that fails": {
        fault: {
          show: action({ params: birdParams, responses: { 200: bird } }, () => {
            throw new Error("no");
          }),
        },
        says: /object\.show was answered with 500/,
      },
      "a flaw that is taken for granted": {
        fault: {
          create: Object.assign(((_, reply) => reply.code(201).send({ id: 1, name: "" })) satisfies Action, {
            schemas: { body: newBird, responses: { 201: bird } },
          }),
        },
        says: /a request with a flaw \(.*\) to object\.create was answered with 201, as if nothing was wrong with it/,
      },
      "a body where none is documented": {
        fault: { index: action({ responses: { 204: z.undefined() } }, (_, reply) => reply.send({})) },
        says: /object\.index was answered with 200, which is none of 204/,
      },
      "something else than JSON": {
        fault: {
          index: action({ responses: { 200: bird } }, (_, reply) => reply.type("text/html").send("<p>")),
        },
        says: /object\.index was answered with 200 in text\/html/,
      },
    };
  for (const [what, { fault, says }] of Object.entries(faults)) {
    test(`finds ${what}`, async () => {
      await assert.rejects(birds(fault).fuzz(), (error: Error & { code: string }) => {
        assert.equal(error.code, "ROOKERY_FUZZ");
        assert.match(error.message, says);
        return true;
      });
    });
  }

  test("tells of what it finds the request, the answer, and the seed that makes it again", async () => {
    // Goes wrong for what few requests have, so that the seed matters.
    const fault = {
      create: action({ body: newBird, responses: { 201: bird } }, ({ body }, reply) => {
        reply.code(201);
        return { id: 1, name: body.name.length === 20 ? null : body.name } as { id: number; name: string };
      }),
    };
    const found = async (options: FuzzOptions): Promise<string> => {
      const error = await birds(fault)
        .fuzz(options)
        .then(
          () => undefined,
          (reason: Error) => reason,
        );
      return error?.message ?? "nothing";
    };
    const message = await found({ runs: 200 });
    const seed = /^Expected fuzz\(document, send, \{ seed: (\d+), runs: 1 \}\) to find nothing, but a/.exec(
      message,
    )?.[1];
    assert.match(
      message,
      /\n {4}request: POST \/birds\/? \{.*"authorization":"Bearer one-that-is-known".*\} \{"name":"[^"]{20}"/,
    );
    assert.match(message, /\n {4}answer: \{"id":1,"name":null\}$/);
    assert.equal(await found({ seed: Number(seed), runs: 1 }), message);
  });

  test("judges bodies by the check that it is given", async () => {
    const check = (_: unknown, value: unknown): string | undefined =>
      "errors" in (value as object) ? undefined : "no";
    await assert.rejects(birds().fuzz({ check }), /was answered with 20\d, but no\n/);
  });

  test("asks for the credentials that it needs", async () => {
    await assert.rejects(birds().fuzz({ credentials: {} }), {
      code: "ROOKERY_FUZZ_CREDENTIALS",
      message:
        /^Expected bearerAuth in the credentials of fuzz, which object\.\w+ demands, but it is not there$/,
    });
  });

  test("shows what it has credentials for, and nothing wrong where that would be as good as nothing", async () => {
    const seen = new Set<unknown>();
    const song = action({ responses: { 200: bird } }, ({ headers, currentUser }) => {
      seen.add(headers.authorization);
      return { id: 1, name: currentUser === undefined ? "anybody" : "one" };
    });
    const asks = bearerAuth((token) => (token === TOKEN ? { id: 1 } : undefined), { optional: true });
    const key = { name: "key", scheme: { type: "apiKey", in: "header", name: "x-key" } } as const;
    const byKey = Object.assign((): undefined => undefined, { security: key });
    const router = defineRouter((route) => route.get("/song", { song }, "song", { through: [byKey, asks] }));
    const app = fastify();
    router.mount(app);
    const document = openApi(router, { info: { title: "", version: "" } });
    assert.deepEqual(document.paths["/song"]!.get!.security, [{ key: [] }, { bearerAuth: [] }, {}]);
    const { statuses } = await fuzz(
      document,
      async ({ path, headers }) => {
        const { statusCode, body } = await app.inject({ url: path, headers });
        return new Response(body, { status: statusCode, headers: { "content-type": "application/json" } });
      },
      { runs: 2, credentials: { bearerAuth: TOKEN } },
    );
    await app.close();
    assert.deepEqual([...seen], [`Bearer ${TOKEN}`]);
    assert.deepEqual(Object.keys(statuses["object.song"]!), ["200"]);
  });

  test("asks for examples of what it can't make", async () => {
    const a = action({ body: z.object({ code: z.string().regex(/^(?=ab)(?=.b$)[^a]/) }) }, () => ({}));
    const document = openApi(
      defineRouter((route) => route.post("/", { a }, "a")),
      { info: { title: "", version: "" } },
    );
    await assert.rejects(fuzz(document, birds().send), { code: "ROOKERY_FUZZ_SCHEMA" });
  });
});
