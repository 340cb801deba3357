import { ModuleSupervisor, type Supervisor, telemetryEvent } from "rookery";
import { counter, defineEndpoint, defineRouter, type ListenOptions, Prometheus } from "rookery/api";

const paid = telemetryEvent<{ cents: number }, { currency: string }>("shop.paid");

const orders = {
  create: () => {
    paid.execute({ cents: 250 }, { currency: "EUR" });
    return { status: "paid" };
  },
};

/** What runs on every shard. */
export class Shop extends ModuleSupervisor<ListenOptions> {
  static override readonly module: string = import.meta.url;

  override init(address: ListenOptions): ReturnType<Supervisor["init"]> {
    const prometheus = new Prometheus({
      // Without a token: protect the route by its pipeline, or by a port that only the scraper reaches.
      token: "a-long-secret-of-the-scraper",
      metrics: [
        counter({
          name: "shop_paid_cents_total",
          help: "What customers have paid.",
          event: paid,
          value: ({ cents }) => cents,
          labels: { currency: ({ currency }) => currency },
        }),
      ],
    });
    const router = defineRouter((route) => {
      route.post("/orders", orders, "create");
      route.get("/metrics", prometheus, "scrape");
    });
    const endpoint = defineEndpoint({ router });
    return super.init({
      strategy: "one_for_one",
      children: [prometheus.childSpec(), endpoint.childSpec(address)],
    });
  }
}
