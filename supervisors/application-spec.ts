import type { ServerInstance } from "../runtime/index.ts";
import type { ChildSpecs } from "./child-spec.ts";
import { supervisorError } from "./errors.ts";
import { checker, type SupervisorOptions } from "./supervisor-options.ts";

/** An application as a value: what it runs, what it is told, and what has to run before it. */
export interface ApplicationSpec<Servers extends readonly ServerInstance[] = readonly ServerInstance[]> {
  /** Names the application in what it says; its root supervisor is registered as `<name>.supervisor`. */
  readonly name: string;
  /** The children of the root supervisor, under `one_for_one`; or its options. */
  readonly start: ChildSpecs<Servers> | SupervisorOptions<Servers>;
  /** What any process of the runtime can read with `Application.getEnv`. */
  readonly env?: Readonly<Record<string, unknown>>;
  /** The applications that this one needs: started before it, in this order, and stopped after it. Each is started once. */
  readonly applications?: readonly ApplicationSpec[];
}

/**
 * `root` and all that it needs, each behind what it needs itself. Throws `ROOKERY_APPLICATION_NAME` for two applications of
 * one name, and for one that needs itself.
 */
export function startOrder(root: ApplicationSpec): readonly ApplicationSpec[] {
  const known = new Map<string, ApplicationSpec>();
  const order: ApplicationSpec[] = [];
  const visit = (spec: ApplicationSpec, dependants: readonly ApplicationSpec[]): void => {
    checkSpec(spec);
    if (dependants.includes(spec) || (known.get(spec.name) ?? spec) !== spec)
      throw supervisorError("ROOKERY_APPLICATION_NAME", spec.name);
    if (known.has(spec.name)) return;
    known.set(spec.name, spec);
    for (const needed of spec.applications ?? []) visit(needed, [...dependants, spec]);
    order.push(spec);
  };
  visit(root, []);
  return order;
}

const NAMES = ["name", "start", "env", "applications", "runtime", "signals", "exit", "report", "stopMs"];

/** Also of an application that is needed by another: what it takes beyond a spec, it would take were it run by itself. */
function checkSpec(spec: ApplicationSpec): void {
  const check = checker("an Application", spec, NAMES);
  const { name, start, env, applications } = spec;
  check(typeof name === "string" && name !== "", "a name", name);
  check(typeof start === "object" && start !== null, "a start: children, or options of a Supervisor", start);
  check(env === undefined || (typeof env === "object" && env !== null), "an env that is an object", env);
  check(applications === undefined || Array.isArray(applications), "a list of applications", applications);
}
