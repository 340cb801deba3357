import type { ServerInstance } from "../runtime/index.ts";
import { type AutoShutdown } from "./auto-shutdown.ts";
import { type ChildSpec, type ChildSpecs, type CompleteChildSpec, completeChildSpec } from "./child-spec.ts";
import { supervisorError } from "./errors.ts";
import type { Strategy } from "./restart-plan.ts";

/** How often children may be started again before the supervisor gives up: `intensity` times within `periodMs`. */
export interface IntensityOptions {
  /** 3 if left out. */
  readonly intensity?: number;
  /** 5,000 if left out. Compared in whole seconds. */
  readonly periodMs?: number;
}

/** What a Supervisor is started with: children, and what is done when one ends. The options of `Supervisor.init/2`. */
export interface SupervisorOptions<
  Servers extends readonly ServerInstance[] = readonly ServerInstance[],
> extends IntensityOptions {
  readonly strategy: Strategy;
  /** Started in this order, each completely before the next; ended in reverse. None if left out. */
  readonly children?: ChildSpecs<Servers>;
  /** `"never"` if left out. */
  readonly autoShutdown?: AutoShutdown;
}

export interface CompleteSupervisorOptions extends Required<Omit<SupervisorOptions, "children">> {
  readonly children: readonly CompleteChildSpec[];
}

/** What a DynamicSupervisor is started with: the options of `DynamicSupervisor.init/1`. */
export interface DynamicSupervisorOptions extends IntensityOptions {
  /** There is no other one for children that have no order. */
  readonly strategy?: "one_for_one";
  /** Children that are being restarted count. `Infinity` if left out. */
  readonly maxChildren?: number;
  /** Come before the arguments of each child: `init` gets `[...extraArguments, arg]`, a start function `(self, ...extraArguments)`. */
  readonly extraArguments?: readonly unknown[];
  /** `"never"` if left out. As in a `simple_one_for_one` of OTP. */
  readonly autoShutdown?: AutoShutdown;
}

export interface CompleteDynamicSupervisorOptions extends Required<
  Omit<DynamicSupervisorOptions, "extraArguments">
> {
  readonly extraArguments: readonly unknown[] | undefined;
}

/** What a PartitionSupervisor is started with: the options of `PartitionSupervisor.start_link/1`. */
export interface PartitionSupervisorOptions extends IntensityOptions {
  /** What each partition runs; its id is the number of the partition. A start function gets that number behind `parent`. */
  readonly childSpec: Omit<ChildSpec, "id" | "name">;
  /** `runtime.cores` if left out. */
  readonly partitions?: number;
  /** Makes the argument of one partition from that of the child spec: `with_arguments`. Not with a start function. */
  readonly withArgument?: (arg: unknown, partition: number) => unknown;
  /** `"one_for_one"` if left out. */
  readonly strategy?: Strategy;
}

const STRATEGIES: readonly unknown[] = ["one_for_one", "one_for_all", "rest_for_one"] satisfies Strategy[];
const AUTO_SHUTDOWNS: readonly unknown[] = [
  "never",
  "any_significant",
  "all_significant",
] satisfies AutoShutdown[];

const INTENSITY = 3;
const PERIOD_MS = 5_000;

/** Checks and completes the options of a Supervisor, children included. Throws `ROOKERY_SUPERVISOR_OPTION` and what `completeChildSpec` throws. */
export function completeSupervisorOptions(options: SupervisorOptions): CompleteSupervisorOptions {
  const check = checker("Supervisor", options, [
    "strategy",
    "children",
    "intensity",
    "periodMs",
    "autoShutdown",
  ]);
  const {
    strategy,
    children = [],
    intensity = INTENSITY,
    periodMs = PERIOD_MS,
    autoShutdown = "never",
  } = options;
  check(STRATEGIES.includes(strategy), `a strategy of ${STRATEGIES.join(", ")}`, strategy);
  check(Array.isArray(children), "a list of children", children);
  checkLimits(check, intensity, periodMs, autoShutdown);

  const ids = new Set<unknown>();
  // A hole in the list is a child, too: one without a spec.
  const completed = Array.from(children, (spec) => {
    const child = completeChildSpec(spec);
    if (ids.has(child.id)) throw supervisorError("ROOKERY_DUPLICATE_CHILD", child.id);
    if (child.significant && autoShutdown === "never") {
      throw supervisorError(
        "ROOKERY_SIGNIFICANT_CHILD",
        child.id,
        "a supervisor whose autoShutdown is not never",
      );
    }
    ids.add(child.id);
    return child;
  });
  return Object.freeze({ strategy, children: Object.freeze(completed), intensity, periodMs, autoShutdown });
}

/** Checks and completes the options of a DynamicSupervisor. Throws `ROOKERY_SUPERVISOR_OPTION`. */
export function completeDynamicSupervisorOptions(
  options: DynamicSupervisorOptions = {},
): CompleteDynamicSupervisorOptions {
  const known = ["strategy", "maxChildren", "extraArguments", "intensity", "periodMs", "autoShutdown"];
  const check = checker("DynamicSupervisor", options, known);
  const { strategy = "one_for_one", maxChildren = Number.POSITIVE_INFINITY, extraArguments } = options;
  const { intensity = INTENSITY, periodMs = PERIOD_MS, autoShutdown = "never" } = options;
  check(strategy === "one_for_one", "no strategy but one_for_one", strategy);
  check(
    isCount(maxChildren) || maxChildren === Number.POSITIVE_INFINITY,
    "maxChildren of at least 0",
    maxChildren,
  );
  check(
    extraArguments === undefined || Array.isArray(extraArguments),
    "a list of extraArguments",
    extraArguments,
  );
  checkLimits(check, intensity, periodMs, autoShutdown);
  return Object.freeze({ strategy, maxChildren, extraArguments, intensity, periodMs, autoShutdown });
}

/** Checks the options of a PartitionSupervisor, and answers them as those of a Supervisor. Throws `ROOKERY_SUPERVISOR_OPTION`. */
export function partitionsAsChildren(
  options: PartitionSupervisorOptions,
  cores: number,
): SupervisorOptions & Required<Pick<SupervisorOptions, "children">> {
  const known = ["childSpec", "partitions", "withArgument", "strategy", "intensity", "periodMs"];
  const check = checker("PartitionSupervisor", options, known);
  const { childSpec, partitions = cores, withArgument, strategy = "one_for_one", ...limits } = options;
  check(typeof childSpec === "object" && childSpec !== null, "a childSpec", childSpec);
  check(isCount(partitions) && partitions > 0, "partitions of at least 1", partitions);
  const { start } = childSpec;
  check(typeof start === "function" || Array.isArray(start), "a childSpec with a start", childSpec);
  check(
    withArgument === undefined || (typeof withArgument === "function" && typeof start !== "function"),
    "withArgument to be a function, beside a start of [Server, arg]",
    withArgument,
  );
  const startOf = (partition: number): ChildSpec["start"] => {
    if (typeof start === "function") return (parent) => start(parent, partition);
    return withArgument === undefined ? start : [start[0], withArgument(start[1], partition)];
  };
  const children = Array.from({ length: partitions }, (_, id) => ({ ...childSpec, id, start: startOf(id) }));
  return { ...limits, strategy, children };
}

export type Check = (valid: boolean, expected: string, got: unknown) => void;

/** Refuses what is no object and misspelled names, and answers the check for the values. */
export function checker(owner: string, options: object, known: readonly string[]): Check {
  const check: Check = (valid, expected, got) => {
    if (!valid) throw supervisorError("ROOKERY_SUPERVISOR_OPTION", expected, owner, got);
  };
  check(typeof options === "object" && options !== null, "an object", options);
  for (const key of Object.keys(options))
    check(known.includes(key), `only the names ${known.join(", ")}`, key);
  return check;
}

function checkLimits(check: Check, intensity: number, periodMs: number, autoShutdown: AutoShutdown): void {
  check(isCount(intensity), "an intensity of at least 0 restarts", intensity);
  check(isCount(periodMs) && periodMs > 0, "a periodMs of at least 1", periodMs);
  check(
    AUTO_SHUTDOWNS.includes(autoShutdown),
    `an autoShutdown of ${AUTO_SHUTDOWNS.join(", ")}`,
    autoShutdown,
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
