import { byId, sayOrHide } from "./element.js";

/** Says which shards have not answered. */
export function showSilent({ silent = [] }) {
  const which = silent.length === 1 ? `Shard ${silent[0]} does` : `Shards ${silent.join(", ")} do`;
  sayOrHide(byId("silent"), silent.length === 0 ? "" : `${which} not answer: what is shown is without it.`);
}
