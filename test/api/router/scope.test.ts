import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { accepts } from "../../../api/plugs/accepts.ts";
import { bodyLimit } from "../../../api/plugs/body-limit.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { mounted } from "../mounted.ts";

class UserController {
  index(): string {
    return "index";
  }
  show(): string {
    return "show";
  }
  create(): string {
    return "create";
  }
  update(): string {
    return "update";
  }
  delete(): string {
    return "delete";
  }
}

function first(): void {}
function second(): void {}

describe("scope", () => {
  test("puts its path before those of its routes, scopes in scopes", () => {
    const router = defineRouter((route) => {
      route.scope("/api", {}, (api) => {
        api.get("/", UserController, "index");
        api.scope("/v1/", (v1) => v1.get("/users/:id", UserController, "show"));
      });
      route.get("/", UserController, "index");
    });
    assert.deepEqual(
      router.routes.map((row) => row.path),
      ["/api", "/api/v1/users/:id", "/"],
    );
  });

  test("adds what it goes through to what the scopes around it go through", () => {
    const router = defineRouter((route) => {
      route.pipeline("api", [first]);
      route.scope("/a", { through: "api" }, (a) => {
        a.scope("/b", { through: [second] }, (b) => b.get("/", UserController, "index"));
        a.get("/", UserController, "index");
      });
    });
    assert.deepEqual(
      router.routes.map((row) => row.through),
      [["api", "second"], ["api"]],
    );
  });

  test("is overruled by what a single route goes through", () => {
    const router = defineRouter((route) => {
      route.pipeline("api", [first]);
      route.pipeline("public", [second]);
      route.scope("/", { through: "api" }, (scope) => {
        scope.post("/sessions", UserController, "create", { through: "public" });
        scope.get("/ping", UserController, "show", { through: [] });
      });
    });
    assert.deepEqual(
      router.routes.map((row) => row.through),
      [["public"], []],
    );
  });
});

describe("pipeThrough", () => {
  test("counts for what its scope declares after it, behind what the scope goes through already", () => {
    const router = defineRouter((route) => {
      route.pipeline("api", [first]);
      route.pipeline("auth", [second]);
      route.scope("/a", { through: "api" }, (a) => {
        a.get("/before", UserController, "index");
        a.pipeThrough("auth");
        a.get("/after", UserController, "index");
        a.scope("/b", { through: [accepts("json")] }, (b) => b.get("/", UserController, "index"));
        a.resources("/users", UserController, { only: ["index"] }, (user) =>
          user.get("/last", UserController, "show"),
        );
      });
      route.get("/outside", UserController, "index");
    });
    assert.deepEqual(
      router.routes.map(({ path, through }) => [path, ...through]),
      [
        ["/a/before", "api"],
        ["/a/after", "api", "auth"],
        ["/a/b", "api", "auth", "accept"],
        ["/a/users", "api", "auth"],
        ["/a/users/:user_id/last", "api", "auth"],
        ["/outside"],
      ],
    );
  });

  test("is refused for what the scope goes through already", () => {
    const declare = (): unknown =>
      defineRouter((route) => {
        route.pipeline("api", [first]);
        route.scope("/a", { through: "api" }, (a) => a.pipeThrough("api"));
      });
    assert.throws(declare, { code: "ROOKERY_DUPLICATE_PIPELINE", message: /on the way to \/a/ });
  });
});

describe("options of scopes and routes", () => {
  test("add config for plugs and actions, the inner ones over the outer", async () => {
    const show = ({ routeOptions }: FastifyRequest): unknown => {
      const { kind, level } = routeOptions.config as { kind?: string; level?: number };
      return { kind, level };
    };
    const app = mounted((route) => {
      route.scope("/a", { config: { kind: "a", level: 1 } }, (a) => {
        a.get("/", { show }, "show");
        a.scope("/b", { config: { level: 2 } }, (b) =>
          b.get("/", { show }, "show", { config: { kind: "b" } }),
        );
      });
    });
    assert.deepEqual((await app.inject("/a")).json(), { kind: "a", level: 1 });
    assert.deepEqual((await app.inject("/a/b")).json(), { kind: "b", level: 2 });
  });

  test("say at which level the line in the log is, the innermost counts", () => {
    const router = defineRouter((route) => {
      route.scope("/a", { log: "debug" }, (a) => {
        a.get("/", UserController, "index");
        a.scope("/b", { log: false }, (b) => b.get("/", UserController, "index"));
        a.get("/c", UserController, "index", { log: "warn" });
      });
      route.get("/", UserController, "index");
    });
    assert.deepEqual(
      router.routes.map(({ fastify }) => fastify.config?.requestLogLevel),
      ["debug", "silent", "warn", undefined],
    );
  });
});

describe("match", () => {
  test("declares one action for several methods, or for all", async () => {
    const app = mounted((route) => {
      route.match(["GET", "POST"], "/some", UserController, "index");
      route.match("*", "/all", UserController, "index");
    });
    const statusOf = async (
      method: "GET" | "POST" | "PUT" | "OPTIONS" | "HEAD",
      url: string,
    ): Promise<number> => (await app.inject({ method, url })).statusCode;
    assert.equal(await statusOf("POST", "/some"), 200);
    assert.equal(await statusOf("PUT", "/some"), 404);
    for (const method of ["GET", "POST", "PUT", "OPTIONS", "HEAD"] as const)
      assert.equal(await statusOf(method, "/all"), 200, method);
  });
});

describe("pipeline", () => {
  test("may contain pipelines that were named before it", () => {
    const router = defineRouter((route) => {
      route.pipeline("api", [first]);
      route.pipeline("private", ["api", second]);
      route.get("/", UserController, "index", { through: "private" });
    });
    assert.deepEqual(router.routes[0]?.plugs, [first, second]);
  });

  test("is refused when it is unknown, with those that are known", () => {
    const declare = (): unknown =>
      defineRouter((route) => {
        route.pipeline("api", []);
        route.get("/", UserController, "index", { through: "apo" });
      });
    assert.throws(declare, { code: "ROOKERY_UNKNOWN_PIPELINE", message: /\(api\), got apo/ });
  });

  test("is refused when its name is taken", () => {
    const declare = (): unknown =>
      defineRouter((route) => {
        route.pipeline("api", []);
        route.pipeline("api", [first]);
      });
    assert.throws(declare, { code: "ROOKERY_DUPLICATE_PIPELINE" });
  });

  test("is refused the second time on the way to a route", () => {
    const declare = (): unknown =>
      defineRouter((route) => {
        route.pipeline("api", [first]);
        route.scope("/a", { through: "api" }, (a) => a.scope("/b", { through: "api" }, () => {}));
      });
    assert.throws(declare, { code: "ROOKERY_DUPLICATE_PIPELINE", message: /\/a\/b/ });
  });
});

describe("resources", () => {
  test("declares one route for each action, update by PATCH and by PUT", () => {
    const router = defineRouter((route) =>
      route.resources("/users", UserController, { except: ["new", "edit"] }),
    );
    assert.deepEqual(
      router.routes.map((row) => `${row.method} ${row.path} ${row.controller}.${row.action}`),
      [
        "GET /users UserController.index",
        "GET /users/:id UserController.show",
        "POST /users UserController.create",
        "PATCH /users/:id UserController.update",
        "PUT /users/:id UserController.update",
        "DELETE /users/:id UserController.delete",
      ],
    );
  });

  test("takes only the actions asked for, and another name for the parameter", () => {
    const router = defineRouter((route) => {
      route.resources("/users", UserController, { only: ["show"], param: "name" });
    });
    assert.deepEqual(
      router.routes.map((row) => row.path),
      ["/users/:name"],
    );
  });

  test("refuses an action that the controller does not have", () => {
    assert.throws(() => defineRouter((route) => route.resources("/users", UserController)), {
      code: "ROOKERY_UNKNOWN_ACTION",
      message: /UserController .*GET \/users\/:id\/edit.* no method edit/,
    });
  });

  for (const option of ["only", "except"]) {
    test(`refuses an action in ${option} that no resource has`, () => {
      const declare = (): unknown =>
        defineRouter((route) => route.resources("/users", UserController, { [option]: ["destroy"] }));
      assert.throws(declare, { code: "ROOKERY_RESOURCE_ACTION", message: /got destroy/ });
    });
  }
});

describe("nested resources", () => {
  test("are below one of the outer, whose parameter has its name", () => {
    const router = defineRouter((route) => {
      route.resources("/users", UserController, { only: ["show"] }, (user) => {
        user.resources("/posts", UserController, { only: ["index", "show"], param: "slug" }, (post) =>
          post.get("/likes", UserController, "index"),
        );
      });
      route.resources("/companies", UserController, { only: [], name: "company", param: "key" }, (company) =>
        company.get("/staff", UserController, "index"),
      );
    });
    assert.deepEqual(
      router.routes.map(({ path }) => path),
      [
        "/users/:id",
        "/users/:user_id/posts",
        "/users/:user_id/posts/:slug",
        "/users/:user_id/posts/:post_slug/likes",
        "/companies/:company_key/staff",
      ],
    );
  });

  test("reach their parameters beside those of the outer resource", async () => {
    const show = ({ params }: FastifyRequest): unknown => params;
    const app = mounted((route) =>
      route.resources("/users", { show }, { only: ["show"] }, (user) =>
        user.get("/posts/:id", { show }, "show"),
      ),
    );
    assert.deepEqual((await app.inject("/users/1")).json(), { id: "1" });
    assert.deepEqual((await app.inject("/users/1/posts/2")).json(), { user_id: "1", id: "2" });
  });

  test("need a name where the path does not say what one of them is called", () => {
    for (const path of ["/companies", "/news-media", "/statuses", "/address", "/status"]) {
      assert.throws(
        () => defineRouter((route) => route.resources(path, UserController, { only: [] }, () => {})),
        { code: "ROOKERY_RESOURCE_NAME" },
        path,
      );
    }
  });
});

describe("a singleton resource", () => {
  test("has no index and no parameter, also not for what is nested in it", () => {
    const router = defineRouter((route) =>
      route.resources("/account", UserController, { singleton: true, except: ["new", "edit"] }, (account) =>
        account.get("/keys", UserController, "index"),
      ),
    );
    assert.deepEqual(
      router.routes.map(({ method, path, action }) => `${method} ${path} ${action}`),
      [
        "GET /account show",
        "POST /account create",
        "PATCH /account update",
        "PUT /account update",
        "DELETE /account delete",
        "GET /account/keys index",
      ],
    );
  });

  test("refuses an index", () => {
    const declare = (): unknown =>
      defineRouter((route) =>
        route.resources("/account", UserController, { singleton: true, only: ["index"] }),
      );
    assert.throws(declare, { code: "ROOKERY_RESOURCE_ACTION", message: /got index/ });
  });
});

describe("the order of routes", () => {
  test("is refused when the first that matches is not the one that Fastify would take", () => {
    const cases: [string, string][] = [
      ["/users/:id", "/users/new"],
      ["/*", "/users"],
      ["/a/:x/c", "/a/b/:y"],
      ["/:name", "/user-:id"],
    ];
    for (const [before, after] of cases) {
      const declare = (one: string, two: string): unknown =>
        defineRouter((route) => {
          route.get(one, UserController, "index");
          route.get(two, UserController, "show");
        });
      declare(after, before);
      assert.throws(() => declare(before, after), { code: "ROOKERY_ROUTE_ORDER" }, after);
    }
  });

  test("does not matter between methods", () => {
    defineRouter((route) => {
      route.get("/users/:id", UserController, "show");
      route.post("/users/new", UserController, "create");
    });
  });
});

describe("a route", () => {
  test("is refused when its path does not begin with a slash", () => {
    assert.throws(() => defineRouter((route) => route.get("users", UserController, "index")), {
      code: "ROOKERY_ROUTE_PATH",
    });
  });

  test("is refused when another leads to the same address, whatever the parameters are called", () => {
    const declare = (): unknown =>
      defineRouter((route) => {
        route.get("/users/:id", UserController, "show");
        route.get("/users/:name", UserController, "index");
      });
    assert.throws(declare, {
      code: "ROOKERY_DUPLICATE_ROUTE",
      message: /UserController\.show and UserController\.index/,
    });
  });

  test("is refused when the controller has no such action", () => {
    const declare = (): unknown =>
      defineRouter((route) => route.get("/users", UserController, "list" as "index"));
    assert.throws(declare, { code: "ROOKERY_UNKNOWN_ACTION" });
  });

  test("may lead to an object instead of a class", async () => {
    const app = mounted((route) => route.get("/", { show: () => ({ ok: true }) }, "show"));
    assert.deepEqual((await app.inject("/")).json(), { ok: true });
  });

  test("shares the one instance of its controller with the others of the router", async () => {
    class CountingController {
      #count = 0;
      show(): object {
        this.#count += 1;
        return { count: this.#count };
      }
    }
    const app = mounted((route) => {
      route.get("/a", CountingController, "show");
      route.get("/b", CountingController, "show");
    });
    await app.inject("/a");
    assert.deepEqual((await app.inject("/b")).json(), { count: 2 });
  });

  test("takes the smallest body limit on its way", () => {
    const router = defineRouter((route) => {
      route.pipeline("api", [accepts("json"), bodyLimit(100)]);
      route.scope("/", { through: "api" }, (scope) => {
        scope.post("/", UserController, "create", { through: ["api", bodyLimit(50)] });
      });
    });
    assert.equal(router.routes[0]?.fastify.bodyLimit, 50);
  });

  test("answers HEAD by itself, if it is declared so", async () => {
    const app = mounted((route) => {
      route.get("/users", UserController, "index");
      route.head(
        "/users",
        { head: (_request: FastifyRequest, reply: FastifyReply) => reply.code(204).send() },
        "head",
      );
    });
    assert.equal((await app.inject({ method: "HEAD", url: "/users" })).statusCode, 204);
    assert.equal((await app.inject("/users")).statusCode, 200);
  });

  test("is reached by HEAD where it is by GET", async () => {
    const app = mounted((route) => route.get("/users", UserController, "index"));
    const { statusCode, body } = await app.inject({ method: "HEAD", url: "/users" });
    assert.deepEqual([statusCode, body], [200, ""]);
  });
});
