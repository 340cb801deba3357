import type { RestartType } from "./child-spec.ts";

/**
 * Which children are started again when one of them crashes: only that one, all, or that one and those started
 * after it.
 */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** What becomes of a child that ended by itself: started again, kept without a process, or forgotten. */
export type AfterExit = "restart" | "keep" | "forget";

/** Decides by restart type; `orderly` says that the exit reason was normal, shutdown or `["shutdown", _]`. */
export function afterExit(restart: RestartType, orderly: boolean): AfterExit {
  if (restart === "permanent") return "restart";
  if (restart === "temporary") return "forget";
  return orderly ? "keep" : "restart";
}

/** What a plan needs to know of a child; `pid` is undefined while it has no process. */
export interface PlannedChild {
  readonly spec: { readonly restart: RestartType };
  readonly pid: unknown;
}

export interface RestartPlan<C> {
  /** To be ended first, one after the other: last started first. */
  readonly stop: readonly C[];
  /** Then to be started, in this order. Those of `stop` that are not in it are forgotten. */
  readonly start: readonly C[];
}

/**
 * Which children a restart of `failed` touches; `children` are in start order and `failed`, one of them, has no
 * process any more. A sibling that was ended before, by `terminateChild` or by itself, is started with the others;
 * a temporary one is not, whether or not it was running.
 */
export function planRestart<C extends PlannedChild>(
  strategy: Strategy,
  children: Iterable<C>,
  failed: C,
): RestartPlan<C> {
  if (strategy === "one_for_one") return { stop: [], start: [failed] };
  const all = [...children];
  const affected = strategy === "one_for_all" ? all : all.slice(all.indexOf(failed));
  return {
    stop: shutdownOrder(affected.filter((child) => child !== failed && child.pid !== undefined)),
    start: affected.filter((child) => child === failed || child.spec.restart !== "temporary"),
  };
}

/** The order in which children are ended: last started first. */
export function shutdownOrder<C>(children: Iterable<C>): C[] {
  return [...children].reverse();
}
