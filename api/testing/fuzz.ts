import { testingError } from "./errors.ts";
import type { OpenApiDocument } from "../openapi/document.ts";
import { SeededRandom } from "../../runtime/testing.ts";
import { DocumentSchemas } from "./fuzz/document-schemas.ts";
import { type FuzzOperation, fuzzOperations } from "./fuzz/fuzz-operation.ts";
import {
  type Flaw,
  FLAWS,
  type FuzzCase,
  type FuzzRequest,
  FuzzRequests,
  resourceIn,
} from "./fuzz/fuzz-request.ts";
import { KnownValues } from "./fuzz/known-values.ts";
import { type Check, type ReadAnswer, verdict } from "./fuzz/verdict.ts";

const RUNS_DEFAULT = 10;
const SHOWN_LENGTH_MAX = 1_000;

/** Asks the running server: `({ path, ...request }) => fetch(url + path, request)`. */
export type FuzzSend = (request: FuzzRequest) => Promise<Pick<Response, "status" | "headers" | "text">>;

/** How often a server is asked, and with what it may be asked. */
export interface FuzzOptions {
  /** The first of the seeds. 1 if left out. */
  readonly seed?: number;
  /** So many times all operations are asked, each time with the seed that comes next. 10 if left out. */
  readonly runs?: number;
  /** The secret for each of the document's `securitySchemes`: `{ bearerAuth: token }`. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** What exists, by key: `{ id: [1, 2], email: "ada@example.com" }`. What the server answers is learned. */
  readonly known?: Readonly<Record<string, unknown>>;
  /** Judges the bodies of answers in place of the fuzzer's own reading of JSON Schema. */
  readonly check?: Check;
}

/** What was asked: for each operation how often it answered with which status. */
export interface FuzzReport {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

interface Step {
  readonly operation: FuzzOperation;
  readonly kind: "new" | "known" | Flaw;
}

/**
 * Asks a server everything that its OpenAPI document describes, and things that it does not allow, and compares: a request that is as
 * documented has to be answered with a documented status, one with a flaw (in body, parameters, credential, media type) with a
 * documented 4xx, none with a 5xx, and every body has to be what stands under its status, without keys that are not documented. Requests
 * go out one after the other; what was sent and answered with success is used in later ones: ids, names, cursors.
 *
 * Rejects with the first difference (`ROOKERY_FUZZ`): the text has the request and a line that repeats the run. The same seed makes
 * the same requests, as long as the server gives the same answers. What the report shows a test may demand: that each operation
 * succeeded at least once, for one.
 * @example
 * ```ts
 * const report = await fuzz(document, ({ path, ...request }) => fetch(url + path, request), {
 *   runs: 20,
 *   credentials: { bearerAuth: token },
 * });
 * assert.ok(report.statuses["user.show"][200] > 0);
 * ```
 */
export async function fuzz(
  document: OpenApiDocument,
  send: FuzzSend,
  { seed: first = 1, runs = RUNS_DEFAULT, credentials = {}, known = {}, check }: FuzzOptions = {},
): Promise<FuzzReport> {
  const schemas = new DocumentSchemas(document);
  const operations = fuzzOperations(document, schemas, credentials);
  const judge: Check = check ?? ((schema, value) => schemas.problem(schema, value));
  const statuses = Object.fromEntries(operations.map(({ id }): [string, Record<string, number>] => [id, {}]));
  let requests = 0;
  for (let seed = first; seed < first + runs; seed += 1) {
    const random = new SeededRandom(seed);
    const values = new KnownValues();
    values.learn(known);
    const maker = new FuzzRequests(schemas, random, values, credentials);
    for (const { operation, kind } of plan(operations, random)) {
      const one =
        kind === "new" || kind === "known"
          ? maker.valid(operation, kind === "known")
          : maker.flawed(operation, kind);
      if (one === undefined) continue;
      const answer = await answered(send, one.request);
      const problem = verdict(one, answer, schemas, judge);
      if (problem !== undefined) throw testingError("ROOKERY_FUZZ", seed, told(one, answer, problem));
      requests += 1;
      const counts = statuses[operation.id]!;
      counts[answer.status] = (counts[answer.status] ?? 0) + 1;
      if (answer.status >= 300) continue;
      values.learn(jsonIn(one.request.body), resourceIn(operation.path));
      values.learn(answer.json, resourceIn(operation.path));
    }
  }
  return { requests, statuses };
}

/** What one run asks: first everything once, so that there are answers to learn from, then the rest. */
function plan(operations: readonly FuzzOperation[], random: SeededRandom): Step[] {
  const all = (kinds: readonly Step["kind"][]): Step[] =>
    shuffled(
      operations.flatMap((operation) => kinds.map((kind) => ({ operation, kind }))),
      random,
    );
  return [...all(["new"]), ...all(["new", "known", "known", ...FLAWS])];
}

function shuffled<Item>(items: Item[], random: SeededRandom): Item[] {
  for (let index = items.length - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    [items[index], items[other]] = [items[other]!, items[index]!];
  }
  return items;
}

async function answered(send: FuzzSend, request: FuzzRequest): Promise<ReadAnswer> {
  const response = await send(request);
  const text = await response.text();
  return {
    status: response.status,
    contentType: response.headers.get("content-type") ?? "",
    text,
    json: jsonIn(text),
  };
}

/** Undefined for what is no JSON. */
function jsonIn(text: string = ""): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function told({ operation, request, flaw }: FuzzCase, { text }: ReadAnswer, problem: string): string {
  const { method, path, headers, body } = request;
  const flawText = flaw === undefined ? "a valid request" : `a request with a flaw (${flaw})`;
  return [
    `${flawText} to ${operation.id} ${problem}`,
    `    request: ${method} ${path} ${JSON.stringify(headers)}${body === undefined ? "" : ` ${shown(body)}`}`,
    `    answer: ${shown(text) || "nothing"}`,
  ].join("\n");
}

function shown(text: string): string {
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}
