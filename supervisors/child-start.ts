import type { Self } from "../runtime/index.ts";
import { ExitError, Pid, StartError } from "../runtime/index.ts";
import { startChildServer, startChildServerFor, Wait } from "../runtime/internal.ts";
import type { ChildStartResult, CompleteChildSpec } from "./child-spec.ts";

/** What came of a start. Without a pid when the start function had nothing to run: `ignore`. */
export type StartedChild =
  | { readonly ok: true; readonly pid: Pid | undefined; readonly extra?: unknown }
  | { readonly ok: false; readonly reason: unknown };

const IGNORED: StartedChild = { ok: true, pid: undefined };

/**
 * Starts a child, linked to `self`. Never throws: what a start function throws is turned into a reason by `reasonOf`, and what it
 * answers that is no result of a start is the reason itself.
 */
export function startChild(
  self: Self,
  spec: CompleteChildSpec,
  reasonOf: (thrown: unknown) => unknown,
  extraArguments?: readonly unknown[],
): Promise<StartedChild> {
  const { start } = spec;
  const failed = (thrown: unknown): StartedChild => notStarted(thrown, reasonOf);
  if (typeof start === "function") return startByFunction(self, start, extraArguments).then(started, failed);
  const [Server] = start;
  const arg = initArg(start, extraArguments);
  return startChildServer(self, Server, arg, startOptions(spec)).then(started, failed);
}

/** The same for a callback that answers what `next` makes of what came of the start. */
export function startChildAndThen<Result>(
  self: Self,
  spec: CompleteChildSpec,
  reasonOf: (thrown: unknown) => unknown,
  extraArguments: readonly unknown[] | undefined,
  next: (started: StartedChild) => Result,
): Result | Promise<Result> {
  const { start } = spec;
  if (typeof start === "function") return startChild(self, spec, reasonOf, extraArguments).then(next);
  const wait = new Wait<unknown, Result>(
    (result) => next(started(result)),
    (thrown) => next(notStarted(thrown, reasonOf)),
  );
  startChildServerFor(wait, self, start[0], initArg(start, extraArguments), startOptions(spec));
  return wait.result;
}

function initArg(
  start: Exclude<CompleteChildSpec["start"], Function>,
  extraArguments: readonly unknown[] | undefined,
): unknown {
  return extraArguments === undefined ? start[1] : [...extraArguments, ...start.slice(1)];
}

function notStarted(thrown: unknown, reasonOf: (thrown: unknown) => unknown): StartedChild {
  return started({ ok: false, reason: thrown instanceof StartError ? thrown.reason : reasonOf(thrown) });
}

async function startByFunction(
  self: Self,
  start: Extract<CompleteChildSpec["start"], Function>,
  extraArguments: readonly unknown[] = [],
): Promise<unknown> {
  return start(self, ...extraArguments);
}

function started(result: unknown): StartedChild {
  if (result instanceof Pid) return { ok: true, pid: result };
  if (!isStartResult(result)) return { ok: false, reason: result };
  return !result.ok && result.reason === "ignore" ? IGNORED : result;
}

function startOptions({ name, nameScope, on }: CompleteChildSpec): Parameters<typeof startChildServer>[3] {
  // Most have neither.
  if (name === undefined && on === undefined) return undefined;
  return {
    ...(name === undefined ? {} : { name }),
    ...(nameScope === undefined ? {} : { nameScope }),
    ...(on === undefined ? {} : { on }),
  };
}

function isStartResult(value: unknown): value is ChildStartResult {
  if (typeof value !== "object" || value === null) return false;
  const { ok } = value as { ok?: unknown };
  if (ok === true && "pid" in value) return value.pid instanceof Pid || value.pid === undefined;
  return ok === false && "reason" in value;
}

/** As `catch` in Erlang, which `supervisor` uses: an exit or an error is tagged, a thrown value is taken for an answer. */
export function caughtReason(thrown: unknown): unknown {
  if (thrown instanceof ExitError) return ["EXIT", thrown.reason];
  return thrown instanceof Error ? ["EXIT", thrown] : thrown;
}

/** As the exit reason of a process in which nobody catches it, which is what DynamicSupervisor answers. */
export function uncaughtReason(thrown: unknown): unknown {
  if (thrown instanceof ExitError) return thrown.reason;
  return thrown instanceof Error ? thrown : ["nocatch", thrown];
}
