import assert from "node:assert/strict";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import type { Plug } from "../../../api/plug.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { served } from "../endpoint/served.ts";
import { mounted } from "../mounted.ts";

const echo = {
  show: ({ params, url }: { params: unknown; url: string }): unknown => ({ params, url }),
  fail: (): unknown => ({ error: "conflict" }),
};

async function jobs(app: FastifyInstance): Promise<void> {
  app.get("/", () => ({ jobs: [] }));
  app.get("/:id", ({ params, url }) => ({ params, url }));
  app.get("/own", { preHandler: async (_request, reply) => reply.send("own hook") }, () => "never");
}

const refuse: Plug = () => ({ error: "forbidden" });

describe("forward to a router", () => {
  const admin = defineRouter(
    (route) => {
      route.pipeline("audit", []);
      route.get("/", echo, "show");
      route.scope("/users", { through: "audit" }, (users) => users.get("/:id", echo, "show"));
      route.get("/fail", echo, "fail");
    },
    { fallback: (_failure, _request, reply) => reply.code(418).send({ from: "admin" }) },
  );

  test("puts its routes below the path, through what both go through", async () => {
    const router = defineRouter((route) => {
      route.pipeline("api", []);
      route.scope("/api", { through: "api" }, (api) => api.forward("/admin", admin));
    });
    assert.deepEqual(
      router.routes.map(({ path, through }) => [path, ...through]),
      [
        ["/api/admin", "api"],
        ["/api/admin/users/:id", "api", "audit"],
        ["/api/admin/fail", "api"],
      ],
    );
    const app = mounted((route) => route.forward("/admin", admin));
    assert.deepEqual((await app.inject("/admin/users/7")).json(), {
      params: { id: "7" },
      url: "/admin/users/7",
    });
  });

  test("leaves its failures to its own fallback, and those of others to theirs", async () => {
    const app = mounted((route) => {
      route.forward("/admin", admin);
      route.get("/fail", echo, "fail");
    });
    assert.equal((await app.inject("/admin/fail")).statusCode, 418);
    assert.equal((await app.inject("/fail")).statusCode, 409);
  });
});

describe("forward to a plugin of Fastify", () => {
  test("gives it all that is below the path", async () => {
    const app = mounted((route) => route.scope("/ops", {}, (ops) => ops.forward("/jobs", jobs)));
    assert.deepEqual((await app.inject("/ops/jobs")).json(), { jobs: [] });
    assert.deepEqual((await app.inject("/ops/jobs/7")).json(), { params: { id: "7" }, url: "/ops/jobs/7" });
    assert.equal((await app.inject("/ops/jobs/7/x")).statusCode, 404);
    assert.equal((await app.inject("/ops")).statusCode, 404);
  });

  test("takes its requests through the pipelines first, which can halt them", async () => {
    const ran: string[] = [];
    const app = mounted((route) => {
      route.pipeline("seen", [({ url }) => void ran.push(url)]);
      route.scope("/", { through: "seen" }, (scope) => {
        scope.forward("/open", jobs);
        scope.scope("/", { through: refuse }, (closed) => closed.forward("/closed", jobs));
      });
    });
    assert.equal((await app.inject("/open/own")).body, "own hook");
    assert.equal((await app.inject("/closed/own")).statusCode, 403);
    assert.deepEqual((await app.inject("/closed/1")).json(), { errors: { detail: "Forbidden" } });
    assert.equal((await app.inject("/elsewhere")).statusCode, 404);
    assert.deepEqual(ran, ["/open/own", "/closed/own", "/closed/1"]);
  });

  test("hears in the log of a plug that throws after its answer, which stays", async () => {
    const answering = async (_request: FastifyRequest, reply: FastifyReply): Promise<never> => {
      void reply.code(202).send("a");
      throw new Error("too late");
    };
    const { endpoint, log } = await served((route) =>
      route.scope("/", { through: answering }, (scope) => scope.forward("/jobs", jobs)),
    );
    const response = await fetch(`${endpoint.url}/jobs`);
    assert.deepEqual([response.status, await response.text()], [202, "a"]);
    const errors = log.lines.filter(({ level }) => level === "error");
    assert.deepEqual(
      errors.map(({ message }) => message),
      ["a request failed after its answer"],
    );
  });

  test("takes what the plugin has no route for through them, too, where it answers that itself", async () => {
    const pages = async (app: FastifyInstance): Promise<void> => {
      app.setNotFoundHandler((_request, reply) => reply.send("any page"));
    };
    const app = mounted((route) => {
      route.forward("/open", pages);
      route.scope("/", { through: refuse }, (closed) => closed.forward("/closed", pages));
    });
    assert.equal((await app.inject("/open/x")).body, "any page");
    assert.equal((await app.inject("/closed/x")).statusCode, 403);
  });

  test("takes no request from a route that was declared before it", async () => {
    for (const path of ["/:page/7", "/jobs/:name", "/*"]) {
      const app = mounted((route) => {
        route.get(path, echo, "show");
        route.forward("/jobs", async (plugin: FastifyInstance) => void plugin.get("/7", () => "never"));
      });
      await assert.rejects(async () => app.ready(), { code: "ROOKERY_ROUTE_ORDER" }, path);
    }
    const app = mounted((route) => {
      route.get("/jobs/:name", echo, "show");
      route.post("/jobs/*", echo, "show");
      route.get("/jobs/1/special", echo, "show");
      route.forward(
        "/jobs",
        async (plugin: FastifyInstance) => void plugin.get("/:id/:part", () => "plugin"),
      );
    });
    assert.deepEqual((await app.inject("/jobs/1")).json().params, { name: "1" });
    assert.equal((await app.inject("/jobs/1/other")).body, "plugin");
    assert.equal((await app.inject("/jobs/1/special")).json().url, "/jobs/1/special");
  });

  test("stands in its place among the routes of a router that is forwarded to", async () => {
    const inner = defineRouter((route) => {
      route.get("/jobs/special", echo, "show");
      route.forward("/jobs", jobs);
    });
    const app = mounted((route) => route.forward("/in", inner));
    assert.equal((await app.inject("/in/jobs/special")).json().url, "/in/jobs/special");
    assert.deepEqual((await app.inject("/in/jobs/7")).json().params, { id: "7" });
  });

  test("is only for the hosts of its scope", async () => {
    const app = mounted((route) => {
      route.scope("/", { host: "ops." }, (ops) => ops.forward("/jobs", jobs));
    });
    assert.equal(
      (await app.inject({ url: "/jobs/1", headers: { host: "ops.example.com" } })).statusCode,
      200,
    );
    assert.equal((await app.inject({ url: "/jobs/1", headers: { host: "example.com" } })).statusCode, 404);
  });

  test("stands in the table of forwards", () => {
    const router = defineRouter((route) => {
      route.pipeline("api", []);
      route.scope("/ops", { through: "api" }, (ops) => ops.forward("/jobs", jobs));
    });
    assert.deepEqual(
      router.forwards.map(({ path, to, through }) => [path, to, ...through]),
      [["/ops/jobs", "jobs", "api"]],
    );
  });

  test("leaves no route below the path to those who come later", () => {
    for (const path of ["/jobs", "/jobs/:id", "/jobs/1/2", "/*"]) {
      const declare = (): unknown =>
        defineRouter((route) => {
          route.forward("/jobs", jobs);
          route.get(path, echo, "show");
        });
      assert.throws(declare, { code: "ROOKERY_ROUTE_ORDER", message: /forwarded \/jobs/ }, path);
    }
    defineRouter((route) => {
      route.get("/jobs/special", echo, "show");
      route.forward("/jobs", jobs);
      route.get("/jobsite", echo, "show");
    });
  });
});

test("forward refuses a path with variables, the root, and what has no routes", () => {
  for (const path of ["/:id", "/files/*", "/"]) {
    assert.throws(() => defineRouter((route) => route.forward(path, jobs)), { code: "ROOKERY_ROUTE_PATH" });
  }
  for (const to of [undefined, null, "jobs", {}]) {
    assert.throws(() => defineRouter((route) => route.forward("/jobs", to as never)), {
      code: "ROOKERY_FORWARD",
    });
  }
});
