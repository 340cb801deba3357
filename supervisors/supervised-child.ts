import type { Pid } from "../runtime/index.ts";
import type { CompleteChildSpec } from "./child-spec.ts";

/** A child as its supervisor keeps it: the spec, and the process that runs now. */
export class SupervisedChild {
  readonly spec: CompleteChildSpec;
  /** Undefined while the child has no process; `"restarting"` between a failed attempt to start it again and the next. */
  pid: Pid | "restarting" | undefined = undefined;
  /** How often it has been started, by whatever reason. */
  starts = 0;

  constructor(spec: CompleteChildSpec) {
    this.spec = spec;
  }
}
