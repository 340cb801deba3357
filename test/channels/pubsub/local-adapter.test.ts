import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { Runtime } from "../../../runtime/index.ts";
import { settle } from "../../../runtime/testing.ts";
import { pubsubConformance } from "./conformance.ts";

pubsubConformance("local", async () => {
  const runtime = await Runtime.start();
  await runtime.start(PubSub, {}, { name: "test.pubsub" });
  return {
    places: [{ runtime, name: "test.pubsub" }],
    settle: () => settle(runtime),
    stop: () => runtime.shutdown(),
  };
});
