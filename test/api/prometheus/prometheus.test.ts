import assert from "node:assert/strict";
import { describe, expect, onTestFinished, test } from "vitest";
import { listenOnEveryShard } from "../../../api/endpoint/listening-shards.ts";
import { endpointUrl } from "../../../api/endpoint/endpoint.ts";
import { counter } from "../../../api/prometheus/metric.ts";
import { Prometheus } from "../../../api/prometheus/prometheus.ts";
import { Runtime, silentLogger, telemetryEvent } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { served } from "../endpoint/served.ts";
import { MetricsTree } from "./metrics-tree.ts";

const scraper = { authorization: "Bearer scraper" };

/** The value of a series, as it stands in the text; undefined if it is not there. */
function valueOf(text: string, series: string): number | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe("a scrape", () => {
  test("answers for all shards, whichever is asked, with routes and never paths", async () => {
    const runtime = await Runtime.start({ logger: silentLogger, shards: 2 });
    onTestFinished(() => runtime.shutdown());
    const children = [listenOnEveryShard(MetricsTree, { port: 0 })];
    await runtime.start(Supervisor, { strategy: "one_for_one", children });
    const url = await endpointUrl(runtime, "endpoint");
    const asked = new Map<number, number>();
    let requests = 0;
    while (asked.size < 2 && requests < 200) {
      requests += 1;
      // A connection of its own for each, which the system gives to one of the shards.
      const response = await fetch(`${url}/users/${requests}`, { headers: { connection: "close" } });
      const { place } = (await response.json()) as { place: number };
      asked.set(place, (asked.get(place) ?? 0) + 1);
    }
    let text = "";
    const labels = 'http_request_method="GET",http_route="/users/:id",http_response_status_code="200"';
    // A request is counted when its answer is written, which its client may know first.
    await expect
      .poll(async () => {
        const response = await fetch(`${url}/metrics`, { headers: scraper });
        assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        text = await response.text();
        return valueOf(text, `http_server_request_duration_seconds_count{${labels}}`);
      })
      .toBe(requests);
    assert.ok(!text.includes("/users/1"));
    for (const shard of [0, 1]) {
      assert.ok(valueOf(text, `rookery_processes{shard="${shard}"}`)! > 2);
      assert.ok(valueOf(text, `v8js_memory_heap_used_bytes{shard="${shard}"}`)! > 1_000_000);
      assert.notEqual(valueOf(text, `nodejs_eventloop_delay_p99_seconds{shard="${shard}"}`), undefined);
    }
    assert.ok(valueOf(text, "process_resident_memory_bytes")! > 1_000_000);
    // Each name is described once, before its series.
    const described = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    assert.equal(new Set(described).size, described.length);
  });

  test("is refused without the token, and with another one", async () => {
    const prometheus = new Prometheus({ token: "scraper" });
    const { endpoint } = await served(
      (route) => route.get("/metrics", prometheus, "scrape"),
      {},
      { children: [prometheus.childSpec()] },
    );
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${endpoint.url}/metrics`, { headers })).status;
    expect([
      await status({}),
      await status({ authorization: "Bearer other" }),
      await status({ authorization: "Basic scraper" }),
      await status(scraper),
    ]).toEqual([401, 401, 401, 200]);
  });

  test("has the program's own metrics, and what is wrong with them is said when they are made", async () => {
    const paid = telemetryEvent<{ cents: number }, { currency: string }>("shop.paid");
    const metric = counter({
      name: "shop_paid_cents_total",
      help: "What customers have paid.",
      event: paid,
      value: ({ cents }) => cents,
      labels: { currency: ({ currency }) => currency },
    });
    const prometheus = new Prometheus({ metrics: [metric] });
    const { endpoint } = await served(
      (route) => route.get("/metrics", prometheus, "scrape"),
      {},
      { children: [prometheus.childSpec()] },
    );
    paid.execute({ cents: 250 }, { currency: "EUR" });
    paid.execute({ cents: 50 }, { currency: "EUR" });
    const text = await (await fetch(`${endpoint.url}/metrics`)).text();
    assert.equal(valueOf(text, 'shop_paid_cents_total{currency="EUR"}'), 300);
    const refused = expect.objectContaining({ code: "ROOKERY_PLUG_OPTION" }) as Error;
    expect(() => new Prometheus({ metrics: [metric, metric] })).toThrow(refused);
    expect(() => new Prometheus({ metrics: [{ ...metric, name: "shop.paid" }] })).toThrow(refused);
    expect(() => new Prometheus({ metrics: [{ ...metric, labels: ["a-b"] }] })).toThrow(refused);
    expect(() => new Prometheus({ token: "" })).toThrow(refused);
  });

  test("counts on with the process that counts started again, and leaves no handler of the old one", async () => {
    const prometheus = new Prometheus({ token: "scraper" });
    const { endpoint, runtime } = await served(
      (route) => route.get("/metrics", prometheus, "scrape"),
      {},
      { children: [prometheus.childSpec()] },
    );
    const old = runtime.whereis("rookery.metrics")!;
    runtime.exit(old, "kill");
    await expect.poll(() => runtime.whereis("rookery.metrics") ?? old).not.toBe(old);
    await (await fetch(`${endpoint.url}/elsewhere`)).text();
    await expect
      .poll(async () => {
        const text = await (await fetch(`${endpoint.url}/metrics`, { headers: scraper })).text();
        const labels = 'http_request_method="GET",http_route="",http_response_status_code="404"';
        return valueOf(text, `http_server_request_duration_seconds_count{${labels}}`);
      })
      .toBe(1);
  });
});
