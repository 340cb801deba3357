import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import type { Action } from "../../../api/controller.ts";
import type { Plug } from "../../../api/plug.ts";
import { dispatcher } from "../../../api/router/dispatch.ts";
import type { Route } from "../../../api/router/route.ts";
import { dispatchException, dispatchStart, dispatchStop } from "../../../api/telemetry.ts";
import type { RouterOptions } from "../../../api/router/router.ts";
import { attachTelemetry, detachTelemetry } from "../../../runtime/index.ts";
import { mounted } from "../mounted.ts";

function appWith(
  show: (request: FastifyRequest, reply: FastifyReply) => unknown,
  plugs: readonly Plug[] = [],
  options?: RouterOptions,
): ReturnType<typeof mounted> {
  return mounted((route) => route.get("/", { show }, "show", { through: plugs }), options);
}

/** Another plugin that holds up every answer, as compression does. */
function holdUpAnswers(app: ReturnType<typeof mounted>): void {
  app.addHook("onSend", async (_request, _reply, payload) => {
    await new Promise((resolve) => setImmediate(resolve));
    return payload;
  });
}

describe("a pipeline", () => {
  test("runs its plugs in order before the action, waiting for those that return a promise", async () => {
    const ran: string[] = [];
    const slow: Plug = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      ran.push("slow");
    };
    const app = appWith(() => {
      ran.push("action");
      return {};
    }, [slow, () => void ran.push("fast")]);
    await app.inject("/");
    assert.deepEqual(ran, ["slow", "fast", "action"]);
  });

  test("does not run when no route matches", async () => {
    const ran: string[] = [];
    const app = appWith(() => ({}), [() => void ran.push("plug")]);
    assert.equal((await app.inject("/elsewhere")).statusCode, 404);
    assert.deepEqual(ran, []);
  });

  const halts: Record<string, Plug> = {
    "sends a reply": (_request, reply) => void reply.code(402).send({ plug: true }),
    "returns the reply it sends": (_request, reply) => reply.code(402).send({ plug: true }),
    "sends a reply after a pause": async (_request, reply) => {
      await new Promise((resolve) => setImmediate(resolve));
      void reply.code(402).send({ plug: true });
    },
    "returns a failure": () => ({ error: "payment_required" }),
  };
  for (const heldUp of [false, true]) {
    for (const [what, plug] of Object.entries(halts)) {
      const also = heldUp ? ", while another plugin holds up the answer" : "";
      test(`is halted by a plug that ${what}${also}`, async () => {
        const ran: string[] = [];
        const app = appWith(() => ran.push("action"), [plug, () => void ran.push("later plug")]);
        if (heldUp) holdUpAnswers(app);
        assert.equal((await app.inject("/")).statusCode, 402);
        assert.deepEqual(ran, []);
      });
    }
  }

  test("is not halted by a plug that returns something else", async () => {
    const app = appWith(() => ({ action: true }), [() => 1]);
    assert.deepEqual((await app.inject("/")).json(), { action: true });
  });
});

describe("an action", () => {
  test("is answered by what it returns, at once or later", async () => {
    for (const show of [() => ({ a: 1 }), async () => ({ a: 1 })]) {
      assert.deepEqual((await appWith(show).inject("/")).json(), { a: 1 });
    }
  });

  test("may send the reply itself", async () => {
    const shows = [
      (_request: FastifyRequest, reply: FastifyReply) => reply.code(201).send({ a: 1 }),
      async (_request: FastifyRequest, reply: FastifyReply) => reply.code(201).send({ a: 1 }),
      (_request: FastifyRequest, reply: FastifyReply) => void reply.code(201).send({ a: 1 }),
    ];
    for (const show of shows) {
      const response = await appWith(show).inject("/");
      assert.deepEqual([response.statusCode, response.json()], [201, { a: 1 }]);
    }
  });

  test("that neither sends nor returns anything is an error of the program", async () => {
    for (const show of [
      () => {},
      async () => {},
      (_: FastifyRequest, reply: FastifyReply) => reply.code(201),
    ]) {
      assert.equal((await appWith(show).inject("/")).statusCode, 500);
    }
  });

  for (const heldUp of [false, true]) {
    test(`makes no second answer after the first${heldUp ? " that another plugin holds up" : ""}`, async () => {
      const afterwards: (() => unknown)[] = [
        () => ({ second: true }),
        () => ({ error: "not_found" }),
        () => {
          throw new Error("too late");
        },
      ];
      for (const then of afterwards) {
        const app = appWith((_request, reply) => {
          void reply.code(201).send({ first: true });
          return then();
        });
        if (heldUp) holdUpAnswers(app);
        const response = await app.inject("/");
        assert.deepEqual([response.statusCode, response.json()], [201, { first: true }]);
      }
    });
  }
});

describe("a dispatcher", () => {
  test("makes no promise while no plug, action or fallback does", () => {
    const answers: [Plug[], Action, unknown][] = [
      [[() => undefined], () => ({ a: 1 }), { a: 1 }],
      [[() => ({ error: "x" })], () => ({ a: 1 }), "fallback"],
      [[], () => ({ error: "x" }), "fallback"],
    ];
    for (const [plugs, handler, answer] of answers) {
      const route = { plugs, handler, controller: "C", action: "show" } as unknown as Route;
      const reply = { answered: false, sent: false } as FastifyReply;
      assert.deepEqual(dispatcher(route, () => "fallback")({} as FastifyRequest, reply), answer);
    }
  });
});

describe("the fallback", () => {
  test("gets the failures of actions and plugs, and nothing else", async () => {
    const got: unknown[] = [];
    const options: RouterOptions = {
      fallback: (failure, _request, reply) => {
        got.push(failure);
        return reply.code(418).send({});
      },
    };
    await appWith(() => ({ error: "from the action" }), [], options).inject("/");
    await appWith(() => ({}), [() => ({ error: "from a plug" })], options).inject("/");
    await appWith(() => ({ errors: "of the client's making" }), [], options).inject("/");
    assert.deepEqual(got, [{ error: "from the action" }, { error: "from a plug" }]);
  });

  test("may answer later, and throw", async () => {
    const later: RouterOptions = { fallback: async () => ({ sorry: true }) };
    const broken: RouterOptions = {
      fallback: () => {
        throw Object.assign(new Error("broken"), { statusCode: 418 });
      },
    };
    for (const show of [() => ({ error: "x" }), async () => ({ error: "x" })]) {
      assert.deepEqual((await appWith(show, [], later).inject("/")).json(), { sorry: true });
      assert.equal((await appWith(show, [], broken).inject("/")).statusCode, 418);
    }
  });

  test("is not asked about what it returns itself", async () => {
    const options: RouterOptions = { fallback: () => ({ error: "once" }) };
    for (const show of [() => ({ error: "x" }), async () => ({ error: "x" })])
      assert.deepEqual((await appWith(show, [], options).inject("/")).json(), { error: "once" });
  });

  test("may return what is to be sent", async () => {
    const app = appWith(() => ({ error: "x" }), [], { fallback: () => ({ sorry: true }) });
    assert.deepEqual((await app.inject("/")).json(), { sorry: true });
  });
});

describe("telemetry", () => {
  async function eventsOf(app: ReturnType<typeof mounted>): Promise<string[]> {
    const events: string[] = [];
    attachTelemetry(
      "dispatch",
      [dispatchStart, dispatchStop, dispatchException],
      (_measurements, { route }, name) => {
        events.push(`${name} ${route.method} ${route.path}`);
      },
    );
    await app.inject("/");
    detachTelemetry("dispatch");
    return events;
  }

  test("tells of start and stop, also when a plug halts", async () => {
    const expected = ["phoenix.router_dispatch.start GET /", "phoenix.router_dispatch.stop GET /"];
    assert.deepEqual(await eventsOf(appWith(() => ({}))), expected);
    assert.deepEqual(await eventsOf(appWith(() => ({}), [() => ({ error: "forbidden" })])), expected);
  });

  test("tells of an exception after the answer, too, at once or later", async () => {
    const fails = (_request: FastifyRequest, reply: FastifyReply): never => {
      void reply.send({ a: 1 });
      throw new Error("too late");
    };
    for (const show of [
      fails,
      async (request: FastifyRequest, reply: FastifyReply) => fails(request, reply),
    ]) {
      assert.deepEqual(await eventsOf(appWith(show)), [
        "phoenix.router_dispatch.start GET /",
        "phoenix.router_dispatch.exception GET /",
      ]);
    }
  });

  test("tells of an exception instead of the stop", async () => {
    const app = appWith(() => {
      throw new Error("broken");
    });
    assert.deepEqual(await eventsOf(app), [
      "phoenix.router_dispatch.start GET /",
      "phoenix.router_dispatch.exception GET /",
    ]);
  });
});
