import { Pid, type Runtime } from "../../runtime/index.ts";

/** A living process, as whoever harms processes sees it. Plain data, so that it can be told of other shards, too. */
export interface Candidate {
  readonly pid: Pid;
  /**
   * Its name or, without one, its way from the root. Whoever takes its place after a restart has the same one, and so has its
   * counterpart in a repeated run.
   */
  readonly id: string;
  readonly name: string | undefined;
  readonly behaviour: string;
  readonly label: unknown;
  /** The ids of its ancestors, the parent first, and those names that it knows them by. */
  readonly ancestors: readonly string[];
  /** The place of its shard. */
  readonly place: number;
}

/** The processes that live on the shard of `runtime`, in the order of their start. */
export function candidatesOf(runtime: Runtime): Candidate[] {
  const found = new Map<Pid, Candidate>();
  const places = new Map<string, number>();
  for (const pid of runtime.processes()) {
    const { registeredName: name, behaviour, label, parent, ancestors } = runtime.info(pid)!;
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
      ancestors: ancestors.flatMap((ancestor) =>
        ancestor instanceof Pid ? (found.get(ancestor)?.id ?? []) : ancestor,
      ),
      place: runtime.place,
    });
  }
  return [...found.values()];
}
