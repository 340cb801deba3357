import { Application } from "rookery";
import { endpointUrl, listenOnEveryShard } from "rookery/api";
import { Shop } from "./shop.ts";

const { runtime } = await Application.run({
  name: "shop",
  runtime: { shards: 2 },
  start: [listenOnEveryShard(Shop, { port: 0 })],
});
process.stdout.write(`listening on ${await endpointUrl(runtime, "endpoint")}\n`);
