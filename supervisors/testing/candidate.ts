import { Pid, type Runtime } from "../../runtime/index.ts";

/** A living process, as whoever harms processes sees it. Plain data, so that it can be told of other shards, too. */
export interface Candidate {
  readonly pid: Pid;
  /**
   * Its name or, without one, its way from the root and the how many-th of its kind it is there, in the order of their start. Its
   * counterpart in a repeated run has the same one.
   */
  readonly id: string;
  readonly name: string | undefined;
  readonly behaviour: string;
  readonly label: unknown;
  /** Its ancestors, the parent first: their names or, without one, their ids. */
  readonly ancestors: readonly string[];
  /** The place of its shard. */
  readonly place: number;
  /** Who has started it with a link is dead, or so are all of its ancestors. */
  readonly isOrphan: boolean;
  /** Messages in its mailbox. */
  readonly waiting: number;
  /** Those that it holds. */
  readonly monitors: number;
}

/** A process as its own shard knows it, which does not see past a parent on another one. */
export interface Sighting extends Omit<Candidate, "ancestors"> {
  readonly ancestors: readonly (Pid | string)[];
}

/** The processes that live on the shard of `runtime`, in the order of their start. */
export function sightingsOn(runtime: Runtime): Sighting[] {
  const found = new Map<Pid, Sighting>();
  const places = new Map<string, number>();
  for (const pid of runtime.processes()) {
    const { registeredName: name, behaviour, label, parent, ancestors, ...more } = runtime.info(pid)!;
    const above = parent === undefined ? undefined : found.get(parent);
    const way = `${above?.id ?? "-"}/${behaviour}`;
    const nth = places.get(way) ?? 0;
    if (name === undefined) places.set(way, nth + 1);
    const id = name ?? `${way}#${nth}`;
    found.set(pid, {
      pid,
      id: runtime.place === 0 ? id : `${id} on ${runtime.place}`,
      name,
      behaviour,
      label,
      ancestors,
      place: runtime.place,
      isOrphan: isOrphan(runtime, pid, parent, ancestors),
      waiting: more.messageQueueLength,
      monitors: more.monitors.length,
    });
  }
  return [...found.values()];
}

/** Those of all shards, each with all of its ancestors. */
export function candidatesAmong(sightings: readonly Sighting[]): Candidate[] {
  // Not by the pid itself: each shard of a simulation has an object of its own for it.
  const keyOf = ({ shard, id }: Pid): string => `${shard}.${id}`;
  const byPid = new Map(sightings.map((sighting) => [keyOf(sighting.pid), sighting]));
  const ancestorsOf = ({ pid, ancestors }: Sighting): string[] =>
    ancestors.flatMap((ancestor) => {
      if (!(ancestor instanceof Pid)) return ancestor;
      const known = byPid.get(keyOf(ancestor));
      if (known === undefined) return [];
      const own = known.name ?? known.id;
      return ancestor.shard === pid.shard ? own : [own, ...ancestorsOf(known)];
    });
  return sightings.map((sighting) => ({ ...sighting, ancestors: ancestorsOf(sighting) }));
}

function isOrphan(
  runtime: Runtime,
  pid: Pid,
  parent: Pid | undefined,
  ancestors: readonly (Pid | string)[],
): boolean {
  if (ancestors.length === 0) return false;
  if (parent !== undefined && !runtime.isAlive(parent)) return true;
  return !ancestors.some((ancestor) => {
    if (ancestor instanceof Pid) return runtime.isAlive(ancestor);
    const holder = runtime.whereis(ancestor);
    // Who has its name but is younger is its successor, which has started others.
    return holder !== undefined && (holder.shard !== pid.shard || holder.id < pid.id);
  });
}
