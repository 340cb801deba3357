import { expectOptions } from "./argument.ts";
import { brief, runtimeError } from "./errors.ts";
import type { TableRow } from "./table-rows.ts";

/** One change of a number in a row: `{Pos, Incr}` or `{Pos, Incr, Threshold, SetValue}`. */
export interface CounterUpdate {
  /** The element of the row. Default: 1, the one behind the key. */
  readonly index?: number;
  readonly increment: number;
  /** Where the number would go beyond it (below it, with a negative increment), it becomes `setTo` instead. */
  readonly threshold?: number;
  readonly setTo?: number;
}

const UPDATE_NAMES = ["index", "increment", "threshold", "setTo"];

/** The row after all updates, one after the other, and the number that each came to. */
export function applyCounters(
  row: TableRow,
  updates: readonly (number | CounterUpdate)[],
): { readonly row: TableRow; readonly values: number[] } {
  let updated = row;
  const values = updates.map((update) => {
    if (typeof update !== "number") expectOptions("an update of a counter", UPDATE_NAMES, update);
    const {
      index = 1,
      increment,
      threshold,
      setTo,
    }: CounterUpdate = typeof update === "number" ? { increment: update } : update;
    const old = updated[index];
    if (!(Number.isInteger(index) && index > 0) || typeof old !== "number")
      throw runtimeError(
        "ROOKERY_BADARG",
        `the index of a number behind the key in ${brief(updated)}`,
        index,
      );
    const numbers = [increment, threshold ?? 0, setTo ?? 0];
    if (!numbers.every(Number.isFinite) || (threshold === undefined) !== (setTo === undefined))
      throw runtimeError("ROOKERY_BADARG", "an increment, or an increment, threshold and setTo", update);
    const sum = old + increment;
    const beyond = threshold !== undefined && (increment >= 0 ? sum > threshold : sum < threshold);
    const value = beyond ? setTo! : sum;
    updated = updated.with(index, value) as unknown as TableRow;
    return value;
  });
  return { row: updated, values };
}
