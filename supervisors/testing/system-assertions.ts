import type { Pid, Runtime } from "../../runtime/index.ts";
import { expectOptions } from "../../runtime/internal.ts";
import type { Simulation } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import type { Candidate } from "./candidate.ts";
import { type Census, countsOf, handles } from "./census.ts";
import { ChaosSystem } from "./chaos-system.ts";
import { notSo, until, WITHIN_MS } from "./eventually.ts";
import { isTreeShape, shapeBelow, shapeText, type TreeShape } from "./tree-shape.ts";

/** How long an assertion may take to hold. */
export interface Within {
  /** So long it may take, in milliseconds of the clock of the runtime. Default: 5,000. */
  readonly within?: number;
}

/**
 * Looks at a simulation, or at a runtime that runs, as it is now, on all of its shards: what is asserted later is compared with that.
 * @example
 * ```ts
 * const system = await assertionsOf(simulation);
 * await chaos(simulation, { seed: 1, durationMs: 60_000, targets: [under("shop")] });
 * await system.assertRestarted("stock", { within: 1_000 });
 * await system.assertTreeShape("shop");
 * await system.assertNoLeaks();
 * ```
 */
export async function assertionsOf(subject: Simulation | Runtime): Promise<SystemAssertions> {
  const system = new ChaosSystem(subject);
  try {
    return new SystemAssertions(subject, await system.census());
  } finally {
    system.close();
  }
}

/**
 * What must be so of a system after something came over it. Each assertion lets time pass until it holds: in a simulation no real time.
 * Each rejects with `ROOKERY_EVENTUALLY`, which says what was there instead, if it does not hold in time. Made by `assertionsOf`.
 */
export class SystemAssertions {
  readonly #subject: Simulation | Runtime;
  readonly #before: Census;
  readonly #handlesBefore = handles();
  readonly #pidsBefore = new Map<string, Pid>();

  /** @internal */
  constructor(subject: Simulation | Runtime, before: Census) {
    this.#subject = subject;
    this.#before = before;
    // Backwards: of several shards' own processes of one name, that of the first shard counts.
    for (const { name, pid } of before.processes.toReversed())
      if (name !== undefined) this.#pidsBefore.set(name, pid);
  }

  /** The process that had the name is dead, and another one has it. */
  assertRestarted(name: string, options: Within = {}): Promise<void> {
    return this.#assert(`${name} to be restarted`, options, async (system) => {
      const before = this.#pidsBefore.get(name);
      if (before === undefined) return NEVER_HAD;
      if (system.runtime.isAlive(before)) return "it is the same process as before";
      return has(await system.census(), name) ? undefined : NOBODY;
    });
  }

  /** The process, or the one that had the name, is dead, and nobody has the name. */
  assertDown(nameOrPid: string | Pid, options: Within = {}): Promise<void> {
    const name = typeof nameOrPid === "string" ? nameOrPid : undefined;
    return this.#assert(`${name ?? "the process"} to be down`, options, async ({ runtime }) => {
      const pid = typeof nameOrPid === "string" ? this.#pidsBefore.get(nameOrPid) : nameOrPid;
      if (pid === undefined) return NEVER_HAD;
      if (runtime.isAlive(pid)) return "it lives";
      return name === undefined || runtime.whereis(name) === undefined
        ? undefined
        : "another process has the name";
    });
  }

  /** Whoever has been started by a process has a living ancestor, and who has started it with a link lives. */
  assertNoOrphans(options: Within = {}): Promise<void> {
    return this.#assert("no orphans", options, async (system) => {
      const { processes } = await system.census();
      const orphans = processes.filter(({ isOrphan }) => isOrphan);
      return orphans.length === 0 ? undefined : `these have lost who has started them: ${idsOf(orphans)}`;
    });
  }

  /** Below the process with that name lives what `shape` says or, without one, what lived there in the beginning. */
  async assertTreeShape(name: string, shape?: TreeShape, options: Within = {}): Promise<void> {
    if (shape !== undefined && !isTreeShape(shape))
      throw supervisorError("ROOKERY_SUPERVISOR_OPTION", SHAPE, "assertTreeShape", shape);
    const expected = shapeText(shape ?? shapeBelow(this.#before.processes, name));
    await this.#assert(`${expected} below ${name}`, options, async (system) => {
      const census = await system.census();
      if (!has(census, name)) return NOBODY;
      const found = shapeText(shapeBelow(census.processes, name));
      return found === expected ? undefined : `there is ${found}`;
    });
  }

  /** Every mailbox is empty for a moment, each in its own time: nobody lets messages lie for ever. */
  assertMailboxesDrain(options: Within = {}): Promise<void> {
    let waiting: ReadonlySet<Pid> | undefined;
    return this.#assert("every mailbox to be emptied", options, async (system) => {
      const { processes } = await system.census();
      const full = processes.filter((one) => one.waiting > 0 && (waiting?.has(one.pid) ?? true));
      waiting = new Set(full.map(({ pid }) => pid));
      return full.length === 0 ? undefined : `messages lie in those of: ${idsOf(full)}`;
    });
  }

  /**
   * There are not more processes, registered names, monitors and timers than in the beginning, nor, on real time, things that Node holds
   * open, such as sockets and files.
   */
  assertNoLeaks(options: Within = {}): Promise<void> {
    return this.#assert("nothing left over", options, async (system) => {
      const census = await system.census();
      const grown = [
        ...grownOf(countsOf(this.#before), countsOf(census)),
        ...(system.simulation === undefined ? grownOf(this.#handlesBefore, handles()) : []),
      ];
      if (grown.length === 0) return undefined;
      const known = new Set(this.#before.processes.map(({ id }) => id));
      const added = census.processes.filter(({ id }) => !known.has(id));
      return grown.join(", ") + (added.length === 0 ? "" : `; new: ${idsOf(added)}`);
    });
  }

  /** `look` answers what is wrong, if anything is. */
  async #assert(
    expected: string,
    options: Within,
    look: (system: ChaosSystem) => Promise<string | undefined>,
  ): Promise<void> {
    expectOptions("an assertion", ["within"], options);
    const { within = WITHIN_MS } = options;
    const system = new ChaosSystem(this.#subject);
    try {
      await system.settle();
      const wrong = await until(system, within, () => look(system));
      if (wrong !== undefined) throw notSo(expected, within, wrong);
    } finally {
      system.close();
    }
  }
}

const SHAPE = 'who lives there, such as ["orders", { workers: ["Worker"] }], as shape';
const NOBODY = "nobody has the name";
const NEVER_HAD = "nobody had the name in the beginning";

function has({ processes }: Census, name: string): boolean {
  return processes.some((one) => one.name === name);
}

/** An error names so many processes. */
const NAMED_MAX = 10;

function idsOf(candidates: readonly Candidate[]): string {
  const ids = candidates.slice(0, NAMED_MAX).map(({ id }) => id);
  const more = candidates.length - ids.length;
  return ids.join(", ") + (more === 0 ? "" : ` and ${more} more`);
}

function grownOf(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after].flatMap(([kind, count]) => {
    const had = before.get(kind) ?? 0;
    return count > had ? `${kind}: ${had} before, ${count} now` : [];
  });
}
