import type { SystemCallbacks } from "./behaviour.ts";
import { brief, runtimeError } from "./errors.ts";
import { plainCopy } from "./plain-copy.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import { Ok, ok } from "./returns.ts";
import type { Self } from "./self.ts";
import type { ServerClass, ServerInstance } from "./server-class.ts";

/** What `sys.changeCode` tells a server. */
export interface CodeChange {
  /** The class to go on with, of the same behaviour: GenServer or GenStatem. Without one the instance stays. */
  readonly server?: ServerClass;
  readonly oldVersion?: unknown;
  readonly extra?: unknown;
}

/** Lets `process` go on with another class, or another form of its state. Throws, and has changed nothing, if that fails. */
export function changeCode(process: Process, system: SystemCallbacks, change: CodeChange): void {
  const own = process.instance as ServerInstance;
  let result: unknown;
  try {
    const next = change.server === undefined ? own : newInstance(change.server, system, own.self);
    result = run(next, system.getState(process), change);
    // Its own exit signal has ended it, also when its code caught what unwound it.
    if (process.state === ProcessState.Exited) return;
    if (result instanceof Ok) return system.changeInstance(process, next, result.state);
  } catch (thrown) {
    result = thrown;
  }
  const error = runtimeError("ROOKERY_CODE_CHANGE", process.pid, brief(result));
  error.cause = result;
  throw error;
}

/** Calls `codeChange` with a copy: when it fails halfway, the process has the state that it had. */
function run(instance: ServerInstance, state: unknown, { oldVersion, extra }: CodeChange): unknown {
  if (instance.codeChange === undefined) return ok(state);
  try {
    return instance.codeChange(oldVersion as never, plainCopy(state) as never, extra as never);
  } catch (thrown) {
    if (thrown instanceof Ok) return thrown;
    throw thrown;
  }
}

function newInstance(Server: ServerClass, { module }: SystemCallbacks, self: Self): ServerInstance {
  const instance = typeof Server === "function" ? new Server() : undefined;
  if (instance?.behaviour?.().system?.module !== module)
    throw runtimeError("ROOKERY_BADARG", `a class of ${module}`, Server);
  (instance as { self: Self }).self = self;
  return instance;
}
