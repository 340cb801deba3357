import { MemoryLogStore } from "../../../channels/resume/memory-log-store.ts";
import { logStoreConformance } from "./log-store-conformance.ts";

logStoreConformance("in memory", async (use) => {
  const store = new MemoryLogStore();
  store.open();
  await use(store);
});
