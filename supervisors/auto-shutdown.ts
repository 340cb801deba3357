/** Whether a supervisor ends when its significant children have ended by themselves: never, with the first, with the last. */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

/** What the decision needs to know of a child; `pid` is undefined while it has no process. */
export interface SignificantChild {
  readonly spec: { readonly significant: boolean };
  readonly pid: unknown;
}

/** True if the supervisor has to end because `ended` did, by itself and without being restarted. `left` are the other children. */
export function endsSupervisor(
  autoShutdown: AutoShutdown,
  ended: SignificantChild,
  left: Iterable<SignificantChild>,
): boolean {
  if (autoShutdown === "never" || !ended.spec.significant) return false;
  if (autoShutdown === "any_significant") return true;
  for (const child of left) {
    if (child !== ended && child.spec.significant && child.pid !== undefined) return false;
  }
  return true;
}

/** What OTP answers for a significant child whose supervisor would never end because of it. */
export const BAD_COMBINATION: readonly unknown[] = [
  "bad_combination",
  [
    ["auto_shutdown", "never"],
    ["significant", true],
  ],
];
