import { type Changeset, type ChangesetAction, isChangeset, replace } from "./changeset.ts";
import { repoError } from "./errors.ts";
import type { MultiResult, Step, StepResult } from "./multi.ts";
import type { TransactionQueries } from "./queries.ts";

/** What a step without name, a merge, comes to: the steps to go on with. */
type Values = Readonly<Record<string, unknown>>;
type AnyTransaction = TransactionQueries<Record<string, Record<string, unknown>>>;
type AnyChangeset = Changeset<Record<string, unknown>>;
type NamedStep = Exclude<Step, { kind: "merge" | "inspect" }>;

/**
 * The failure that shows without a database: the first changeset of `steps` that was given as it is and is invalid, or
 * the first error. Ecto, too, looks for it before it begins the transaction.
 */
export function invalidStep(steps: readonly Step[], values: Values = {}): MultiResult | undefined {
  for (const step of steps) {
    if (step.kind === "error") return { ok: false, step: step.name, value: step.value, changesSoFar: values };
    const given = "changeset" in step ? step.changeset : "row" in step ? step.row : undefined;
    if (!isChangeset(given) || given.valid) continue;
    const value = replace(given, { action: actionOf(step, given) });
    return { ok: false, step: step.name, value, changesSoFar: values };
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
    if (step.kind === "inspect") {
      step.look(values as never);
      continue;
    }
    if (step.kind === "merge") {
      const merged = step.multi(values as never).steps;
      const invalid = invalidStep(merged, values);
      if (invalid !== undefined) return invalid;
      open.unshift(...merged);
      continue;
    }
    if (Object.hasOwn(values, step.name)) throw repoError("ROOKERY_MULTI_NAME_TAKEN", [step.name]);
    const result = (await carryOut(step, transaction as unknown as AnyTransaction, values)) as StepResult;
    if (step.kind === "run") expectResult(step.name, result);
    if (!result.ok) return { ok: false, step: step.name, value: result.error, changesSoFar: values };
    values = { ...values, [step.name]: result.value };
  }
  return { ok: true, changes: values };
}

/** What a step comes to, or will: nothing waits here, for each wait costs as much as a small query. */
function carryOut(step: NamedStep, transaction: AnyTransaction, values: Values): unknown {
  switch (step.kind) {
    case "insert":
      return transaction.insert(step.table, given<AnyChangeset>(step.changeset, values));
    case "update":
      return transaction.update(step.table, given<AnyChangeset>(step.changeset, values), step.options);
    case "insertOrUpdate":
      return transaction.insertOrUpdate(step.table, given<AnyChangeset>(step.changeset, values));
    case "delete":
      return transaction.delete(step.table, given<AnyChangeset>(step.row, values), step.options);
    case "put":
      return { ok: true, value: step.value };
    case "error":
      return { ok: false, error: step.value };
    case "run": {
      const run = step.run as (db: unknown, values: Values, transaction: AnyTransaction) => unknown;
      return run(transaction.db, values, transaction);
    }
    case "insertAll":
    case "updateAll":
    case "deleteAll":
    case "all":
    case "one": {
      const query = step.query as (transaction: AnyTransaction, values: Values) => Promise<unknown>;
      return query(transaction, values).then((value) => ({ ok: true, value }));
    }
  }
}

function actionOf({ kind }: Step, { data }: Changeset<object>): ChangesetAction {
  if (kind === "insert" || kind === "update" || kind === "delete") return kind;
  const { id } = data as { readonly id?: unknown };
  return id === undefined || id === null ? "insert" : "update";
}

function given<Value>(source: unknown, values: Values): Value {
  return typeof source === "function" ? source(values) : (source as Value);
}

function expectResult(name: string, result: unknown): void {
  const isResult =
    typeof result === "object" && result !== null && "ok" in result && typeof result.ok === "boolean";
  if (!isResult) throw repoError("ROOKERY_MULTI_BAD_RETURN", [name, result]);
}
