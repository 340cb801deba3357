import type { ChildSpec } from "./child-spec.ts";
import { supervisorError } from "./errors.ts";
import type { SupervisorOptions } from "./supervisor-options.ts";

/** An application as a value: what it runs, what it is told, and what has to run before it. */
export interface ApplicationSpec {
  /** Names the application in what it says; its root supervisor is registered as `<name>.supervisor`. */
  readonly name: string;
  /** The children of the root supervisor, under `one_for_one`; or its options. */
  readonly start: readonly ChildSpec[] | SupervisorOptions;
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
