import { brief } from "../runtime/internal.ts";

/** Why a tree did not start: the ids of the children on the way to the one that failed, and its own reason. */
export interface StartFailure {
  readonly path: readonly unknown[];
  readonly reason: unknown;
}

/** Follows `["shutdown", ["failed_to_start_child", id, reason]]` down to the reason at the bottom, or to what was thrown there. */
export function findStartFailure(reason: unknown): StartFailure {
  const path: unknown[] = [];
  let bottom = reason;
  while (isFailedChild(bottom)) {
    path.push(bottom[1][1]);
    bottom = bottom[1][2];
  }
  return { path, reason: isCaught(bottom) ? bottom[1] : bottom };
}

/** The failure in one line, for people. */
export function startFailureText({ path, reason }: StartFailure): string {
  const why = (reason instanceof Error ? reason.message : brief(reason)).replace(/\s*\n\s*/g, " ");
  return path.length === 0 ? why : `child ${path.join(" > ")} failed to start: ${why}`;
}

/**
 * Whether the failure is an answer to how the program was set up (an address in use, a file that can't be written: errors
 * with a code), rather than a fault in it.
 */
export function isExpectedFailure({ reason }: StartFailure): boolean {
  if (!(reason instanceof Error) || reason instanceof TypeError) return false;
  return typeof (reason as { code?: unknown }).code === "string";
}

type FailedChild = readonly ["shutdown", readonly ["failed_to_start_child", unknown, unknown]];

/** What a start function threw, as its supervisor caught it. */
function isCaught(reason: unknown): reason is readonly ["EXIT", unknown] {
  return Array.isArray(reason) && reason.length === 2 && reason[0] === "EXIT";
}

function isFailedChild(reason: unknown): reason is FailedChild {
  if (!Array.isArray(reason) || reason[0] !== "shutdown" || !Array.isArray(reason[1])) return false;
  return reason[1].length === 3 && reason[1][0] === "failed_to_start_child";
}
