import type { RookeryError } from "../../runtime/index.ts";
import { supervisorError } from "../errors.ts";
import type { FaultScript } from "./fault-script.ts";
import { oneLine } from "./one-line.ts";

/** Something was not as it must be under chaos; the script repeats the run. */
export type ChaosFailure = RookeryError & { readonly script: FaultScript };

/** `expected` was not so, because of `cause` if something was thrown. */
export function chaosFailure(
  expected: string,
  cause: unknown,
  seed: number,
  script: FaultScript,
): ChaosFailure {
  const why = cause === undefined ? "" : ` (${cause instanceof Error ? cause.message : String(cause)})`;
  const text = oneLine(`${expected}${why}`);
  const error = supervisorError("ROOKERY_CHAOS", text, script.length, seed, JSON.stringify(script));
  error.cause = cause;
  return Object.assign(error, { script });
}
