import type { Kysely } from "kysely";
import type { Changeset } from "./changeset.ts";
import { repoError } from "./errors.ts";
import type { MultiResult, Step, StepResult } from "./multi.ts";
import type { TransactionQueries } from "./queries.ts";

/** What a step without name, a merge, comes to: the steps to go on with. */
type Values = Readonly<Record<string, unknown>>;
type AnyTransaction = TransactionQueries<Record<string, Record<string, unknown>>>;
type NamedStep = Exclude<Step, { kind: "merge" }>;

/**
 * The failure that shows without a database: the first changeset of `steps` that was given as it is and is invalid.
 * Ecto, too, looks for it before it begins the transaction.
 */
export function invalidStep(steps: readonly Step[]): MultiResult | undefined {
  for (const step of steps) {
    if (step.kind !== "insert" && step.kind !== "update") continue;
    if (typeof step.changeset === "function" || step.changeset.valid) continue;
    return { ok: false, step: step.name, value: { ...step.changeset, action: step.kind }, changesSoFar: {} };
  }
  return undefined;
}

/** Carries out `steps` in a transaction, which has to be rolled back if the result is not ok. */
export async function runSteps<DB>(
  steps: readonly Step[],
  transaction: TransactionQueries<DB>,
): Promise<MultiResult> {
  let values: Values = {};
  const open = [...steps];
  for (let step = open.shift(); step !== undefined; step = open.shift()) {
    if (step.kind === "merge") {
      open.unshift(...step.multi(values as never).steps);
      continue;
    }
    if (Object.hasOwn(values, step.name)) throw repoError("ROOKERY_MULTI_NAME_TAKEN", [step.name]);
    const result = await runStep(step, transaction as unknown as AnyTransaction, values);
    if (!result.ok) return { ok: false, step: step.name, value: result.error, changesSoFar: values };
    values = { ...values, [step.name]: result.value };
  }
  return { ok: true, changes: values };
}

async function runStep(step: NamedStep, transaction: AnyTransaction, values: Values): Promise<StepResult> {
  switch (step.kind) {
    case "insert":
      return transaction.insert(
        step.table,
        given<Changeset<Record<string, unknown>>>(step.changeset, values),
      );
    case "update":
      return transaction.update(
        step.table,
        given<Changeset<Record<string, unknown>>>(step.changeset, values),
      );
    case "delete":
      return transaction.delete(step.table, given<Record<string, unknown>>(step.row, values));
    case "run": {
      const run = step.run as (
        db: Kysely<Record<string, Record<string, unknown>>>,
        values: Values,
      ) => unknown;
      return checked(step.name, await run(transaction.db, values));
    }
  }
}

function given<Value>(source: unknown, values: Values): Value {
  return typeof source === "function" ? source(values) : (source as Value);
}

function checked(name: string, result: unknown): StepResult {
  const isResult =
    typeof result === "object" && result !== null && "ok" in result && typeof result.ok === "boolean";
  if (!isResult) throw repoError("ROOKERY_MULTI_BAD_RETURN", [name, result]);
  return result as StepResult;
}
