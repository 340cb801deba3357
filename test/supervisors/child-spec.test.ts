import { describe, expect, test } from "vitest";
import { GenServer, ok } from "../../runtime/index.ts";
import { type ChildSpec, child, completeChildSpec, modulesOf } from "../../supervisors/child-spec.ts";
import { DynamicSupervisor, Supervisor } from "../../supervisors/index.ts";

class Cell extends GenServer<number> {
  init(value: number) {
    return ok(value);
  }
}

class WithInit {
  init() {
    return ok(1);
  }
}

class Errand extends Cell {
  static readonly childSpec = { restart: "transient", shutdown: 100 } as const;
}

const start = [Cell, 1] as const;

describe("completeChildSpec", () => {
  test("fills in the defaults of a worker", () => {
    expect(completeChildSpec({ id: "cell", start })).toEqual({
      id: "cell",
      start,
      name: undefined,
      restart: "permanent",
      shutdown: 5_000,
      type: "worker",
      significant: false,
    });
  });

  test("gives a supervisor for ever to end its children", () => {
    expect(completeChildSpec({ id: "s", start, type: "supervisor" }).shutdown).toBe("infinity");
  });

  test.each([Supervisor, DynamicSupervisor])("knows that %o is a supervisor", (Server) => {
    expect(completeChildSpec({ id: "s", start: [Server, {}] })).toMatchObject({
      type: "supervisor",
      shutdown: "infinity",
    });
  });

  test("takes the defaults of the server's class, unless the spec says otherwise", () => {
    expect(completeChildSpec({ id: "e", start: [Errand, 1] })).toMatchObject({
      restart: "transient",
      shutdown: 100,
    });
    expect(completeChildSpec({ id: "e", start: [Errand, 1], restart: "temporary" })).toMatchObject({
      restart: "temporary",
      shutdown: 100,
    });
  });

  test("answers a frozen spec, and leaves the one it got alone", () => {
    const spec: ChildSpec = { id: "cell", start };
    expect(Object.isFrozen(completeChildSpec(spec))).toBe(true);
    expect(spec).toEqual({ id: "cell", start });
  });

  test.each<[string, unknown, RegExp]>([
    ["no object", null, /an object with an id and a start/],
    ["an array", start, /an object with an id and a start in the child spec \[/],
    ["no id", { start }, /an id/],
    ["an id that is an object", { id: {}, start }, /an id/],
    ["no start", { id: "a" }, /a start/],
    ["an instance for a class", { id: "a", start: [new Cell()] }, /a start/],
    ["the class itself for a start", { id: "a", start: Cell }, /a start: \[Server, arg\] or a function/],
    ["a class with nothing but an init", { id: "a", start: [WithInit] }, /a start/],
    ["null for what may be left out", { id: "a", start, restart: null }, /a restart, or none .*got null/],
    ["an empty name", { id: "a", start, name: "" }, /a name: .*got ''/],
    ["a via name without its functions", { id: "a", start, name: { via: 1 } }, /a name: .*got \{ via: 1 \}/],
    ["a class that is no server", { id: "a", start: [Map] }, /a start/],
    ["two arguments", { id: "a", start: [Cell, 1, 2] }, /a start/],
    [
      "a misspelled key",
      { id: "a", start, restrat: "permanent" },
      /only the keys id, start, .*got 'restrat'/,
    ],
    ["an unknown restart type", { id: "a", start, restart: "always" }, /a restart: .*got 'always'/],
    ["an unknown type", { id: "a", start, type: "boss" }, /a type: .*got 'boss'/],
    ["a negative shutdown", { id: "a", start, shutdown: -1 }, /a shutdown: .*got -1/],
    [
      "a shutdown of Infinity",
      { id: "a", start, shutdown: Number.POSITIVE_INFINITY },
      /a shutdown: .*got Infinity/,
    ],
    ["a shutdown that is no known word", { id: "a", start, shutdown: "soon" }, /a shutdown: .*got 'soon'/],
    ["a significant that is no boolean", { id: "a", start, significant: 1 }, /a significant: .*got 1/],
    ["a name that is a number", { id: "a", start, name: 1 }, /a name/],
    [
      "a name beside a start function",
      { id: "a", start: () => ({}), name: "a" },
      /no name beside a start function/,
    ],
  ])("refuses %s", (_sentence, spec, text) => {
    const complete = () => completeChildSpec(spec as ChildSpec);
    expect(complete).toThrow(text);
    expect(complete).toThrow(expect.objectContaining({ code: "ROOKERY_CHILD_SPEC" }));
  });

  test("refuses a significant child that is always restarted", () => {
    const spec: ChildSpec = { id: "a", start, significant: true };
    expect(() => completeChildSpec(spec)).toThrow(
      expect.objectContaining({ code: "ROOKERY_SIGNIFICANT_CHILD" }),
    );
    expect(completeChildSpec({ ...spec, restart: "temporary" }).significant).toBe(true);
  });

  test("allows a shutdown of no time at all", () => {
    expect(completeChildSpec({ id: "a", start, shutdown: 0 }).shutdown).toBe(0);
  });
});

describe("child", () => {
  test("refuses what is no class of servers", () => {
    for (const Server of [undefined, "Cell", WithInit]) {
      expect(() => child(Server as never, 7 as never)).toThrow(
        expect.objectContaining({ code: "ROOKERY_CHILD_SPEC" }),
      );
    }
  });

  test("takes the id from the class", () => {
    expect(child(Cell, 7)).toEqual({ id: "Cell", start: [Cell, 7] });
  });

  test("lets options override what it made", () => {
    expect(child(Cell, 7, { id: "seven", name: "seven" })).toEqual({
      id: "seven",
      start: [Cell, 7],
      name: "seven",
    });
  });
});

describe("modulesOf", () => {
  test("names the class of the server, or the start function", () => {
    expect(modulesOf({ start })).toEqual(["Cell"]);
    expect(
      modulesOf({
        start: function connect() {
          return { ok: false, reason: "ignore" };
        },
      }),
    ).toEqual(["connect"]);
  });
});
