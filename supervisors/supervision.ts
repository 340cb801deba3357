import type { Pid } from "../runtime/index.ts";
import type { CompleteChildSpec } from "./child-spec.ts";
import { modulesOf } from "./child-spec.ts";
import { DynamicSupervisor } from "./dynamic-supervisor.ts";
import { Supervisor } from "./supervisor.ts";

/** A child as whoever looks into a running supervisor sees it. */
export interface Supervisee {
  readonly id: unknown;
  readonly pid: Pid | "restarting" | undefined;
  readonly type: CompleteChildSpec["type"];
  readonly modules: readonly string[];
  /** How often it was started again, by its supervisor or by hand. */
  readonly restarts: number;
}

/** What a supervisor does with its children, without a message to it: also of one that is busy. */
export interface Supervision {
  readonly strategy: string;
  readonly count: number;
  /** In the order of their start. */
  readonly children: () => Iterable<Supervisee>;
}

/** The supervision of what a process runs; undefined if that is no supervisor, or one that has not begun. */
export function supervisionOf(instance: unknown): Supervision | undefined {
  if (instance instanceof DynamicSupervisor) {
    const { children } = instance.state ?? {};
    if (children === undefined) return undefined;
    return { strategy: "dynamic", count: children.size, children: () => dynamicChildren(children.values()) };
  }
  if (!(instance instanceof Supervisor)) return undefined;
  const { children, options } = instance.state ?? {};
  if (children === undefined) return undefined;
  return {
    strategy: options.strategy,
    count: children.size,
    children: () => staticChildren(children.values()),
  };
}

type DynamicChild =
  DynamicSupervisor["state"]["children"] extends ReadonlyMap<Pid, infer Child> ? Child : never;
type StaticChild = Supervisor["state"]["children"] extends ReadonlyMap<unknown, infer Child> ? Child : never;

function* dynamicChildren(children: Iterable<DynamicChild>): Iterable<Supervisee> {
  for (const { spec, pid, restarting, starts } of children)
    yield {
      id: spec.id,
      pid: restarting ? "restarting" : pid,
      type: spec.type,
      modules: modulesOf(spec),
      restarts: restartsOf(starts),
    };
}

function* staticChildren(children: Iterable<StaticChild>): Iterable<Supervisee> {
  for (const { spec, pid, starts } of children)
    yield { id: spec.id, pid, type: spec.type, modules: modulesOf(spec), restarts: restartsOf(starts) };
}

function restartsOf(starts: number): number {
  return Math.max(0, starts - 1);
}
