import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { nameOn, type Runtime } from "../../runtime/index.ts";
import type { ChildSpec } from "../../supervisors/index.ts";
import { apiError } from "../errors.ts";
import type { Metric } from "./metric.ts";
import { type FamilySnapshot, mergeSnapshots } from "./metric-family.ts";
import { MetricsServer } from "./metrics-server.ts";
import { programMetrics } from "./shard-metrics.ts";
import { telemetryMetrics } from "./telemetry-metrics.ts";
import { TEXT_FORMAT_TYPE, textFormat } from "./text-format.ts";

const NAME = "rookery.metrics";
/** A shard that has not answered after so long is left out of that scrape. */
const SHARD_TIMEOUT_MS = 2_000;
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** RFC 6750. */
const TOKEN = /^[\w~+/.-]+=*$/;
const BEARER = /^bearer +([\w~+/.-]+=*) *$/i;

/** Who may read the metrics, and which there are beside those of the framework. */
export interface PrometheusOptions {
  /** What a scraper shows as its bearer token. Without one, protect the route by its pipeline, or leave it to a port that only scrapers reach. */
  readonly token?: string;
  /** Metrics of the program's own events, made by `counter` and `histogram`. */
  readonly metrics?: readonly Metric[];
  /** The name of the process that counts, on each shard. Default: `"rookery.metrics"`. */
  readonly name?: string;
}

/**
 * Counts the telemetry of the system and of the program, and answers Prometheus: put `childSpec()` in the tree that runs on every
 * shard, and a route to its action `scrape`. Any shard answers for all of them: what is counted is summed, what is looked at (processes, mailboxes,
 * the delay of the event loop) has the label `shard`. One that doesn't answer in two seconds is left out of that scrape.
 *
 * Labels are few, whatever clients ask for: routes as they were declared, never paths, topics or events. A metric has at most 1,000
 * series; what would be one more is not counted but in `rookery_metrics_dropped_total`.
 * Throws ROOKERY_PLUG_OPTION for options that are none, and for names that Prometheus does not know.
 */
export class Prometheus {
  readonly #token: Buffer | undefined;
  readonly #metrics: readonly Metric[];
  readonly #name: string;

  constructor({ token, metrics = [], name = NAME, ...unknown }: PrometheusOptions = {}) {
    for (const option of Object.keys(unknown)) refuse("only known names", option);
    if (token !== undefined && !TOKEN.test(token)) refuse("a token that fits in a header", typeof token);
    if (typeof name !== "string" || name === "") refuse("a name", name);
    this.#metrics = [...telemetryMetrics, ...metrics];
    const names = new Set<string>();
    for (const metric of this.#metrics) {
      if (!METRIC_NAME.test(metric.name) || names.has(metric.name))
        refuse("names of metrics, each once", metric.name);
      names.add(metric.name);
      for (const label of metric.labels) if (!LABEL_NAME.test(label)) refuse("names of labels", label);
    }
    this.#token = token === undefined ? undefined : digest(token);
    this.#name = name;
  }

  /** The process that counts on a shard. */
  childSpec(): ChildSpec {
    return {
      id: this.#name,
      name: this.#name,
      nameScope: "shard",
      start: [MetricsServer, this.#metrics],
    };
  }

  /** The action that answers a scrape. */
  async scrape(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (!this.#isAllowed(request)) {
      reply.header("www-authenticate", "Bearer");
      return { error: "unauthorized" };
    }
    const shards = await this.#ofAllShards(request.server.endpoint.runtime);
    const text = textFormat([...mergeSnapshots(shards), ...programMetrics()]);
    return reply.header("cache-control", "no-store").type(TEXT_FORMAT_TYPE).send(text);
  }

  async #ofAllShards(runtime: Runtime): Promise<FamilySnapshot[][]> {
    const answers = runtime
      .shards()
      .map((place) => runtime.call(nameOn(place, this.#name), "snapshot", SHARD_TIMEOUT_MS));
    const settled = await Promise.allSettled(answers);
    return settled.flatMap((answer) =>
      answer.status === "fulfilled" ? [answer.value as FamilySnapshot[]] : [],
    );
  }

  #isAllowed({ headers }: FastifyRequest): boolean {
    if (this.#token === undefined) return true;
    const given = BEARER.exec(headers.authorization ?? "")?.[1];
    return given !== undefined && timingSafeEqual(digest(given), this.#token);
  }
}

/** Of one length, so that they can be compared whatever their length. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_PLUG_OPTION", expected, "Prometheus", got);
}
