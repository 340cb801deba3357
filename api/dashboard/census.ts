import type { Pid, Self } from "../../runtime/index.ts";
import { inSteps, livingProcesses } from "./living-processes.ts";
import { kindOf } from "./process-kind.ts";

/** So long a census counts as the state of things. */
const FRESH_MS = 2_000;
/** More of a kind are not listed. */
const LISTED_MAX = 100;

export interface Census {
  readonly sockets: number;
  readonly channels: number;
  /** The supervisors that nobody supervises. */
  readonly roots: readonly Pid[];
  /** The names of the PubSubs, trackers and registries. */
  readonly pubsubs: readonly string[];
  readonly trackers: readonly string[];
  readonly registries: readonly string[];
}

/** Who is there of which kind. Taken when somebody asks, not more often than every two seconds. */
export class CensusTaker {
  readonly #self: Self;
  #taken: Census | undefined = undefined;
  #takenMs = 0;

  constructor(self: Self) {
    this.#self = self;
  }

  async census(): Promise<Census> {
    const { clock } = this.#self.runtime;
    if (this.#taken === undefined || clock.nowMs() - this.#takenMs >= FRESH_MS) {
      this.#taken = await take(this.#self);
      this.#takenMs = clock.nowMs();
    }
    return this.#taken;
  }
}

async function take(self: Self): Promise<Census> {
  const counts = { socket: 0, channel: 0 };
  const roots: Pid[] = [];
  const names = { pubsub: [] as string[], tracker: [] as string[], registry: [] as string[] };
  await inSteps(self, livingProcesses(self.runtime), ({ instance, name, parent, pid }) => {
    const kind = kindOf(instance);
    if (kind === "process") return;
    if (kind === "socket" || kind === "channel") counts[kind] += 1;
    else if (kind !== "supervisor") {
      if (name !== undefined && names[kind].length < LISTED_MAX) names[kind].push(name);
    } else if (parent === undefined && roots.length < LISTED_MAX) roots.push(pid);
  });
  return {
    sockets: counts.socket,
    channels: counts.channel,
    roots,
    pubsubs: names.pubsub,
    trackers: names.tracker,
    registries: names.registry,
  };
}
