import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  GenServer,
  GenStatem,
  noReply,
  ok,
  type Pid,
  reply,
  Runtime,
  StartError,
  stop,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { collector } from "./collector.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";

let runtime: Runtime;
let reports: Report[];
let neighbour: { pid: Pid; messages: unknown[] };

beforeEach(async () => {
  reports = [];
  runtime = await Runtime.start({ logger: reportingLogger(reports) });
  neighbour = collector(runtime);
});

afterEach(() => runtime.shutdown());

type Callback = "init" | "continue" | "call" | "cast" | "info";

/** Returns `value` from one of its callbacks. */
class Returning extends GenServer<unknown, unknown, unknown, unknown> {
  returns: readonly [callback: Callback, value: unknown] = ["init", undefined];

  init(returns: readonly [callback: Callback, value: unknown]) {
    this.returns = returns;
    return this.#from("init", returns[0] === "continue" ? ok(0, { continue: "c" }) : ok(0));
  }
  override handleContinue() {
    return this.#from("continue", noReply());
  }
  override handleCall() {
    return this.#from("call", noReply());
  }
  override handleCast() {
    return this.#from("cast", noReply());
  }
  override handleInfo() {
    return this.#from("info", noReply());
  }
  #from(callback: Callback, otherwise: unknown): never {
    const [returning, value] = this.returns;
    return (returning === callback ? value : otherwise) as never;
  }
}

const actions: readonly [string, unknown][] = [
  ["an unknown action", { pause: 5 }],
  ["an action that is a word", "hibernate"],
  ["an action that is null", null],
  ["a bare time", 5_000],
  ["a negative time", { timeoutMs: -1 }],
  ["a time that is a text", { timeoutMs: "5" }],
  ["a rest that is none", { hibernate: false }],
  ["two actions at once", { timeoutMs: 5, hibernate: true }],
];
const wrong: readonly [string, unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["a word", "noreply"],
  ["a tuple of Erlang", ["noreply", "state"]],
  ["ok", ok(1)],
  ["a promise of nothing", Promise.resolve()],
];
const answers = (make: (action: never) => unknown) =>
  actions.map(([name, action]) => [name, make(action as never)] as const);

describe("a wrong return ends the server, and no other, and its report lists the right ones:", () => {
  test.each([
    ...[...wrong, ...answers((action) => reply(1, action))].map(
      ([name, value]) => ["call", name, value, "reply(value, action)"] as const,
    ),
    ...[...wrong, ["a reply", reply(1)] as const, ...answers(noReply)].flatMap(([name, value]) =>
      (["cast", "info", "continue"] as const).map(
        (callback) => [callback, name, value, "noReply(action)"] as const,
      ),
    ),
    ["cast", "a stop with a reply", stop("r", 1), "stop(reason)"] as const,
  ])("a %s that returns %s", async (callback, _, value, form) => {
    const pid = await runtime.start(Returning, [callback, value]);
    await runInProcess(runtime, async (self) => {
      const ref = self.monitor(pid);
      if (callback === "call") self.sendRequest(pid, "m");
      else if (callback === "cast") self.cast(pid, "m");
      else self.send(pid, "m");
      const { reason } = (await self.receive({ ref })) as DownMessage;
      // A continuation has already ended it.
      if (reason !== "noproc") expect(reason).toEqual(["bad_return_value", await value]);
    });
    expect(reports).toHaveLength(1);
    expect(reports[0]!.fields).toMatchObject({ reason: { code: "ROOKERY_BAD_RETURN" } });
    expect(reports[0]!.message).toContain(form);
    expect(reports[0]!.message).toContain("{ hibernate: true }");
    expect(reports[0]!.message).toMatch(/\ngot /);
    runtime.send(neighbour.pid, "goes on");
    await settle(runtime);
    expect(neighbour.messages).toEqual(["goes on"]);
  });

  test("also where it throws when it is looked at", async () => {
    const { proxy: returned, revoke } = Proxy.revocable({}, {});
    revoke();
    const pid = await runtime.start(Returning, ["call", returned]);
    await expect(runtime.call(pid, "m")).rejects.toMatchObject({
      code: "ROOKERY_CALL_EXIT",
      reason: [expect.any(TypeError), expect.anything()],
    });
    expect(reports).toHaveLength(1);
    expect(runtime.isAlive(neighbour.pid)).toBe(true);
  });
});

describe("a wrong return of init", () => {
  test.each([
    ...wrong.filter(([name]) => name !== "ok"),
    ["a reply", reply(1)] as const,
    ...answers((action) => ok(1, action)),
  ])("fails the start with the error that lists the right ones: %s", async (_, value) => {
    const failure: unknown = await runtime.start(Returning, ["init", value]).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(StartError);
    expect(failure).toMatchObject({
      code: "ROOKERY_START_FAILED",
      reason: ["bad_return_value", await value],
      message: expect.stringContaining("ok(state, action)"),
      cause: { code: "ROOKERY_BAD_RETURN" },
    });
    expect(runtime.isAlive(neighbour.pid)).toBe(true);
  });

  test("of a GenStatem, too", async () => {
    class Machine extends GenStatem {
      init(): never {
        return "open" as never;
      }
    }
    await expect(runtime.start(Machine, undefined as never)).rejects.toMatchObject({
      reason: ["bad_return_from_init", "open"],
      message: expect.stringContaining("initialState(state, data)"),
      cause: { code: "ROOKERY_BAD_RETURN" },
    });
  });
});

test.each(["oops", undefined])(
  "what is thrown and is no Error, %s, is a return that says it was thrown",
  async (thrown) => {
    class Throwing extends GenServer<number, string> {
      override init() {
        return ok(0);
      }
      override handleCall(): never {
        throw thrown;
      }
    }
    const pid = await runtime.start(Throwing, undefined);
    const exited = { reason: [["bad_return_value", thrown], expect.anything()] };
    await expect(runtime.call(pid, "x")).rejects.toMatchObject(exited);
    expect(reports.at(-1)!.message).toContain("(thrown: what is no Error counts as returned)");
  },
);
