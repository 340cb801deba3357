import type { Runtime, Self } from "../../runtime/index.ts";
import type { Process } from "../../runtime/internal.ts";

/** So many are looked at before others have their turn: some 0.3 ms. */
const STEP_MAX = 1_500;
/** Between two steps. */
const PAUSE_MS = 1;
/** Of so many that were visited last, one mostly lives, and leads on to the others. */
const TRAIL_MAX = 32;

/**
 * The processes of this shard, in the order of their start, as they are when they are asked for: time may pass in between. Each is
 * told of once, whatever dies meanwhile; those that start meanwhile may be, too.
 */
export function* livingProcesses({ shard }: Runtime): Iterable<Process> {
  const trail: Process[] = [];
  let lastId = 0;
  for (let next = shard.oldest; next !== undefined; next = after(shard, trail, lastId)) {
    lastId = next.pid.id;
    trail.push(next);
    if (trail.length > TRAIL_MAX) trail.shift();
    yield next;
  }
}

/** A process that has died leads nowhere, so those before it have to. */
function after(shard: Runtime["shard"], trail: Process[], lastId: number): Process | undefined {
  while (trail.length > 0 && trail.at(-1)!.pid.process === undefined) trail.pop();
  const known = trail.at(-1);
  let next = known === undefined ? shard.oldest : known.younger;
  while (next !== undefined && next.pid.id <= lastId) next = next.younger;
  return next;
}

/** Visits all of `items`, a few at a time: in between everybody else on this shard has turns, and so has its event loop. */
export async function inSteps<Item>(
  self: Self,
  items: Iterable<Item>,
  visit: (item: Item) => void,
): Promise<void> {
  let visited = 0;
  for (const item of items) {
    visit(item);
    visited += 1;
    if (visited % STEP_MAX === 0) await self.sleep(PAUSE_MS);
  }
}
