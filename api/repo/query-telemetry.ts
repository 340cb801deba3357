import {
  AliasNode,
  type CompiledQuery,
  DeleteQueryNode,
  InsertQueryNode,
  type OperationNode,
  type QueryResult,
  SelectQueryNode,
  TableNode,
  UpdateQueryNode,
} from "kysely";
import { type TelemetryEvent, telemetryEvent } from "../../runtime/index.ts";

export interface QueryMeasurements {
  /** From before the query is prepared to the last of its rows. */
  readonly totalTimeMs: number;
}

export interface QueryMetadata {
  /** The name of the repo. */
  readonly repo: string;
  /** As `db.system.name` of OpenTelemetry. */
  readonly system: "sqlite" | "postgresql";
  readonly sql: string;
  /** Only how many there are: their values may be secrets. */
  readonly parameterCount: number;
  /** The table that is read or written; undefined for raw SQL and subqueries. */
  readonly source: string | undefined;
  readonly result: "ok" | "error";
  /** What the query threw, where the result is `error`. */
  readonly error?: unknown;
}

/** Executed after each query of a repo, failed ones included (`[:my_app, :repo, :query]` of Ecto). */
export const repoQuery: TelemetryEvent<QueryMeasurements, QueryMetadata> =
  telemetryEvent("rookery.repo.query");

/** As `measured`, of a query that waits for a server. */
export async function measuredLater(
  repo: string,
  nowMs: () => number,
  query: CompiledQuery,
  run: (query: CompiledQuery) => Promise<QueryResult<unknown>>,
): Promise<QueryResult<unknown>> {
  if (!repoQuery.enabled) return run(query);
  const startedMs = nowMs();
  const [settled] = await Promise.allSettled([run(query)]);
  const take = (): QueryResult<unknown> => {
    if (settled.status === "rejected") throw settled.reason;
    return settled.value;
  };
  return tell(repo, "postgresql", () => nowMs() - startedMs, query, take);
}

/** Runs `query` by `run`, and tells `repoQuery` if somebody listens. */
export function measured(
  repo: string,
  nowMs: () => number,
  query: CompiledQuery,
  run: (query: CompiledQuery) => QueryResult<unknown>,
): QueryResult<unknown> {
  if (!repoQuery.enabled) return run(query);
  const startedMs = nowMs();
  return tell(
    repo,
    "sqlite",
    () => nowMs() - startedMs,
    query,
    () => run(query),
  );
}

function tell(
  repo: string,
  system: QueryMetadata["system"],
  elapsedMs: () => number,
  { sql, parameters, query }: CompiledQuery,
  run: () => QueryResult<unknown>,
): QueryResult<unknown> {
  const about = { repo, system, sql, parameterCount: parameters.length, source: sourceOf(query) };
  try {
    const result = run();
    repoQuery.execute({ totalTimeMs: elapsedMs() }, { ...about, result: "ok" });
    return result;
  } catch (error) {
    repoQuery.execute({ totalTimeMs: elapsedMs() }, { ...about, result: "error", error });
    throw error;
  }
}

function sourceOf(node: OperationNode): string | undefined {
  if (SelectQueryNode.is(node)) return tableOf(node.from?.froms[0]);
  if (InsertQueryNode.is(node)) return tableOf(node.into);
  if (UpdateQueryNode.is(node)) return tableOf(node.table);
  if (DeleteQueryNode.is(node)) return tableOf(node.from.froms[0]);
  return undefined;
}

function tableOf(node: OperationNode | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (AliasNode.is(node)) return tableOf(node.node);
  return TableNode.is(node) ? node.table.identifier.name : undefined;
}
