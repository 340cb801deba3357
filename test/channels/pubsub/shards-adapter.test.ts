import { pubsubConformance, pubsubPlacesConformance } from "./conformance.ts";
import { startOnShards } from "./simulated-places.ts";

pubsubConformance("for shards", () => startOnShards(1));
pubsubPlacesConformance("for shards", () => startOnShards(2));
