import { describe, expect, test } from "vitest";
import { GenServer, ok } from "../../runtime/index.ts";
import type { ChildSpec, DynamicSupervisorOptions, SupervisorOptions } from "../../supervisors/index.ts";
import {
  completeDynamicSupervisorOptions,
  completeSupervisorOptions,
} from "../../supervisors/supervisor-options.ts";

class Cell extends GenServer<number> {
  init(value: number) {
    return ok(value);
  }
}

const cell: ChildSpec = { id: "cell", start: [Cell, 1], restart: "transient" };
const codeOf = (code: string) => expect.objectContaining({ code });

describe("completeSupervisorOptions", () => {
  test("fills in Elixir's defaults, and completes the children", () => {
    const options = completeSupervisorOptions({ strategy: "one_for_all", children: [cell] });
    expect(options).toMatchObject({
      strategy: "one_for_all",
      intensity: 3,
      periodMs: 5_000,
      autoShutdown: "never",
    });
    expect(options.children).toMatchObject([{ id: "cell", shutdown: 5_000 }]);
    expect(Object.isFrozen(options)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["no options", undefined],
    ["no strategy", {}],
    ["an unknown strategy", { strategy: "simple_one_for_one" }],
    ["a list for the options", [cell]],
    ["children that are no list", { strategy: "one_for_one", children: { cell } }],
    ["a negative intensity", { strategy: "one_for_one", intensity: -1 }],
    ["an intensity without end", { strategy: "one_for_one", intensity: Number.POSITIVE_INFINITY }],
    ["a period without end", { strategy: "one_for_one", periodMs: Number.POSITIVE_INFINITY }],
    ["half a restart", { strategy: "one_for_one", intensity: 0.5 }],
    ["a period of 0", { strategy: "one_for_one", periodMs: 0 }],
    ["a period that is no number", { strategy: "one_for_one", periodMs: "5s" }],
    ["an unknown autoShutdown", { strategy: "one_for_one", autoShutdown: "always" }],
    ["a misspelled name", { strategy: "one_for_one", maxRestarts: 3 }],
  ])("refuses %s", (_sentence, options) => {
    expect(() => completeSupervisorOptions(options as SupervisorOptions)).toThrow(
      codeOf("ROOKERY_SUPERVISOR_OPTION"),
    );
  });

  test("refuses a hole in the list of children", () => {
    const children: ChildSpec[] = [];
    children[1] = cell;
    expect(() => completeSupervisorOptions({ strategy: "one_for_one", children })).toThrow(
      codeOf("ROOKERY_CHILD_SPEC"),
    );
  });

  test("refuses two children with one id", () => {
    const options: SupervisorOptions = { strategy: "one_for_one", children: [cell, { ...cell }] };
    expect(() => completeSupervisorOptions(options)).toThrow(codeOf("ROOKERY_DUPLICATE_CHILD"));
  });

  test("refuses a significant child unless autoShutdown gives it a meaning", () => {
    const options: SupervisorOptions = {
      strategy: "one_for_one",
      children: [{ ...cell, significant: true }],
    };
    expect(() => completeSupervisorOptions(options)).toThrow(codeOf("ROOKERY_SIGNIFICANT_CHILD"));
    expect(completeSupervisorOptions({ ...options, autoShutdown: "any_significant" }).children).toHaveLength(
      1,
    );
  });
});

describe("completeDynamicSupervisorOptions", () => {
  test("allows any number of children, and the intensity that a Supervisor allows", () => {
    expect(completeDynamicSupervisorOptions()).toEqual({
      strategy: "one_for_one",
      maxChildren: Number.POSITIVE_INFINITY,
      extraArguments: undefined,
      intensity: 3,
      periodMs: 5_000,
      autoShutdown: "never",
    });
  });

  test.each<[string, unknown]>([
    ["another strategy (279)", { strategy: "one_for_all" }],
    ["a negative maxChildren", { maxChildren: -1 }],
    ["extraArguments that are no list", { extraArguments: "x" }],
    ["a negative intensity", { intensity: -1 }],
    ["a period of 0", { periodMs: 0 }],
    ["an unknown autoShutdown", { autoShutdown: "sometimes" }],
    ["children", { children: [cell] }],
  ])("refuses %s", (_sentence, options) => {
    const complete = () => completeDynamicSupervisorOptions(options as DynamicSupervisorOptions);
    expect(complete).toThrow(codeOf("ROOKERY_SUPERVISOR_OPTION"));
  });
});
