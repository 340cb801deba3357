import assert from "node:assert/strict";
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
        api.scope("/v1/", {}, (v1) => v1.get("/users/:id", UserController, "show"));
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

  test("is reached by HEAD where it is by GET", async () => {
    const app = mounted((route) => route.get("/users", UserController, "index"));
    const { statusCode, body } = await app.inject({ method: "HEAD", url: "/users" });
    assert.deepEqual([statusCode, body], [200, ""]);
  });
});
