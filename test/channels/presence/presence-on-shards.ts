import type { Broadcast } from "../../../channels/message.ts";
import { Presence } from "../../../channels/presence/presence.ts";
import type { PresenceDiff, Presences } from "../../../channels/presence/presences.ts";
import { PubSub, type PubSubOptions } from "../../../channels/pubsub/pubsub.ts";
import type { TrackerOptions } from "../../../channels/tracker/tracker-options.ts";
import type { Pid, Runtime, ServerClass } from "../../../runtime/index.ts";
import type { Simulation } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";

export const PUBSUB = "test.pubsub";
export const NAME = "test.presence";
export const TOPIC = "room:1";

export class Fetching extends Presence {
  override async fetch(_topic: string, presences: Presences): Promise<Presences> {
    await Promise.resolve();
    return presences;
  }
}

/** A process in the topic, and what it shows of it after all that it was told. */
export interface Client {
  readonly shown: Set<string>;
  /** A meta that came twice, or went without having come. */
  readonly wrong: string[];
}

function client(runtime: Runtime): Client {
  const [shown, wrong] = [new Set<string>(), [] as string[]];
  runtime.spawn(async (self) => {
    PubSub.subscribe(self, PUBSUB, TOPIC);
    for (;;) {
      const { joins, leaves } = ((await self.receive()) as Broadcast).payload as PresenceDiff;
      for (const ref of refsOf(joins)) {
        if (shown.has(ref)) wrong.push(`joined twice: ${ref}`);
        shown.add(ref);
      }
      for (const ref of refsOf(leaves))
        if (!shown.delete(ref)) wrong.push(`left without having joined: ${ref}`);
    }
  });
  return { shown, wrong };
}

export function refsOf(presences: Presences): string[] {
  return Object.values(presences).flatMap(({ metas }) => metas.map(({ phx_ref: ref }) => ref));
}

/** Runs the simulation until that is done, too. */
export async function settled<Value>(simulation: Simulation, doing: Promise<Value>): Promise<Value> {
  await simulation.settle();
  return doing;
}

interface PlaceOptions {
  readonly pubsub?: PubSubOptions;
  readonly presence?: TrackerOptions;
}

export async function startOn(
  simulation: Simulation,
  place: number,
  Server: ServerClass = Presence,
  { pubsub: pubsubOptions = {}, presence: presenceOptions = {} }: PlaceOptions = {},
): Promise<Client> {
  const runtime = simulation.runtimes[place]!;
  const nameScope = "shard";
  const pubsub = { id: "pubsub", start: [PubSub, pubsubOptions] as const, name: PUBSUB, nameScope } as const;
  const start = [Server, { pubsub: PUBSUB, ...presenceOptions }] as const;
  const presence = { id: "presence", start, name: NAME, nameScope } as const;
  const options = { strategy: "one_for_one", intensity: 1_000, children: [pubsub] } as const;
  await settled(simulation, runtime.start(Supervisor, options, { name: "tree", nameScope }));
  // Before its Presence: so it is told of everybody.
  const listening = client(runtime);
  await simulation.settle();
  await settled(simulation, Supervisor.startChild(runtime, "tree", presence));
  return listening;
}

export async function startAll(simulation: Simulation, Server: ServerClass = Presence): Promise<Client[]> {
  const clients: Client[] = [];
  for (const place of simulation.runtimes.keys()) clients.push(await startOn(simulation, place, Server));
  return clients;
}

export function channel(runtime: Runtime): Pid {
  return runtime.spawn((self) => self.receive());
}

/** How many metas each key has. */
export function counted(presences: Presences): Record<string, number> {
  return Object.fromEntries(Object.entries(presences).map(([key, { metas }]) => [key, metas.length]));
}

/** Who is there, as a shard sees it. */
export function seenBy(runtime: Runtime): Record<string, number> {
  return counted(Presence.list(runtime, NAME, TOPIC));
}
