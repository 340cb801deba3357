import type { PubSubAdapter, PubSubPlace } from "./adapter.ts";

/** The adapter for one place only: there is nobody else to tell. */
export function localAdapter({ self }: PubSubPlace): PubSubAdapter {
  return { nodeName: self.runtime.node, broadcast: () => {}, directBroadcast: () => {} };
}
