import type { Pid, Runtime } from "../../runtime/index.ts";
import { residentOf } from "../../runtime/internal.ts";
import { Simulation } from "../../runtime/testing.ts";
import { type Candidate, candidatesOf } from "./candidate.ts";
import { ChaosAgent } from "./chaos-agent.ts";
import { harm, type ProcessHarm } from "./process-fault.ts";

/** On a running system, invariants are looked at so often while nothing is inflicted. */
const LOOK_MS = 50;

/** What comes to harm: a simulation, or a runtime that runs on real time, with all its shards. */
export class ChaosSystem {
  readonly runtime: Runtime;
  /** Undefined where time is real. */
  readonly simulation: Simulation | undefined;
  /** By place: those that harm the processes of shards on other threads. */
  readonly #agents = new Map<number, Pid<ChaosAgent>>();

  constructor(subject: Simulation | Runtime) {
    this.simulation = subject instanceof Simulation ? subject : undefined;
    this.runtime = subject instanceof Simulation ? subject.runtime : subject;
  }

  get nowMs(): number {
    return this.runtime.clock.nowMs();
  }

  /** The living processes of all shards that can be reached. */
  async candidates(): Promise<Candidate[]> {
    const { simulation, runtime } = this;
    if (simulation !== undefined)
      return simulation.runtimes
        .filter(({ place }) => runtime.shards().includes(place))
        .flatMap(candidatesOf);
    const others = runtime.shards().filter((place) => place !== runtime.place);
    const far = await Promise.all(others.map((place) => this.#ask(place)));
    const agents = new Set<Pid>(this.#agents.values());
    return [...candidatesOf(runtime), ...far.flat()].filter(({ pid }) => !agents.has(pid));
  }

  /** Does it to the process, wherever it lives. One that has died meanwhile is left alone. */
  harm({ pid, place }: Candidate, what: ProcessHarm): void {
    const process = residentOf(pid);
    const home = this.simulation?.runtimes[place] ?? this.runtime;
    if (process !== undefined) return harm(home, process, what);
    const agent = this.#agents.get(place);
    if (agent !== undefined) this.runtime.cast(agent, [pid, what]);
  }

  /** Lets `ms` pass, and calls `step` after everything that happens meanwhile; on real time, now and then. */
  async pass(ms: number, step: () => void): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      const leftMs = endMs - this.nowMs;
      const { simulation } = this;
      if (simulation === undefined) {
        const { clock } = this.runtime;
        await new Promise<void>((resolve) => clock.setTimer(Math.max(0, Math.min(LOOK_MS, leftMs)), resolve));
      } else {
        const nextMs = simulation.clock.nextTimerMs() ?? Number.POSITIVE_INFINITY;
        await simulation.advance(Math.min(Math.max(0, nextMs - this.nowMs), leftMs));
      }
      step();
      if (this.nowMs >= endMs) return;
    }
  }

  /** Ends the processes that were started for it. */
  close(): void {
    for (const pid of this.#agents.values()) this.runtime.exit(pid, "kill");
  }

  async #ask(place: number): Promise<Candidate[]> {
    try {
      let agent = this.#agents.get(place);
      if (agent === undefined || !this.runtime.isAlive(agent)) {
        agent = await this.runtime.start(ChaosAgent, undefined, { on: { shard: place } });
        this.#agents.set(place, agent);
      }
      return (await this.runtime.call(agent, "candidates")) as Candidate[];
    } catch {
      // Its shard is gone, or comes to harm just now: there is nobody there.
      return [];
    }
  }
}
