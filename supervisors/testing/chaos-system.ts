import type { Pid, Runtime } from "../../runtime/index.ts";
import { residentOf } from "../../runtime/internal.ts";
import { Simulation, VirtualClock } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import type { Candidate } from "./candidate.ts";
import { type Census, type ShardCensus, shardCensus, sumOf } from "./census.ts";
import { ChaosAgent } from "./chaos-agent.ts";
import { harmLine, type LineHarm } from "./line-harm.ts";
import { type Armed, disarm, harm, type ProcessHarm } from "./process-fault.ts";

/** On a running system, invariants are looked at so often while nothing is inflicted. */
const LOOK_MS = 20;

/** What comes to harm: a simulation, or a runtime that runs on real time, with all its shards. */
export class ChaosSystem {
  readonly runtime: Runtime;
  /** Undefined where time is real. */
  readonly simulation: Simulation | undefined;
  /** By place: those that harm the processes of shards on other threads. */
  readonly #agents = new Map<number, Pid<ChaosAgent>>();
  readonly #armed: Armed = new Set();

  constructor(subject: Simulation | Runtime) {
    const isSystem =
      subject instanceof Simulation || typeof (subject as Runtime | undefined)?.shards === "function";
    if (!isSystem) throw noSystem(subject);
    this.simulation = subject instanceof Simulation ? subject : undefined;
    this.runtime = subject instanceof Simulation ? subject.runtime : subject;
    // Nobody would let its time pass.
    if (this.simulation === undefined && this.runtime.clock instanceof VirtualClock)
      throw noSystem("a runtime on virtual time");
  }

  get nowMs(): number {
    return this.runtime.clock.nowMs();
  }

  /** The living processes of all shards that can be reached. */
  async candidates(): Promise<readonly Candidate[]> {
    return (await this.census()).processes;
  }

  /** What there is on all shards that can be reached, but for those that are there for the sake of chaos. */
  async census(): Promise<Census> {
    const { simulation, runtime } = this;
    if (simulation !== undefined) return this.simulated(simulation);
    const others = runtime.shards().filter((place) => place !== runtime.place);
    const far = await Promise.all(others.map((place) => this.#ask(place)));
    const { processes, timers } = sumOf([shardCensus(runtime), ...far]);
    return { processes: processes.filter(({ behaviour }) => behaviour !== ChaosAgent.name), timers };
  }

  /** The same of a simulation, which waits for nothing. */
  simulated({ runtimes }: Simulation): Census {
    const places = this.places();
    return sumOf(runtimes.filter(({ place }) => places.includes(place)).map(shardCensus));
  }

  /** Those of all shards that can be reached. */
  places(): readonly number[] {
    const { simulation, runtime } = this;
    const places = runtime.shards();
    // The first shard hears later of one that is gone.
    return simulation === undefined ? places : places.filter((place) => simulation.hasShard(place));
  }

  /** Does it to the process, wherever it lives. One that has died meanwhile is left alone. */
  harm({ pid, place }: Candidate, what: ProcessHarm): void {
    const process = residentOf(pid);
    const home = this.simulation?.runtimes[place] ?? this.runtime;
    if (process !== undefined) return harm(home, process, what, this.#armed);
    const agent = this.#agents.get(place);
    // Functions don't go to other threads: who is there looks it up.
    const told = what.kind === "own" ? { ...what, inflict: undefined } : what;
    if (agent !== undefined) this.runtime.cast(agent, ["process", pid, told]);
  }

  /** Does it to a line that begins at that place. */
  harmLine(from: number, what: LineHarm): void {
    const home = this.simulation?.runtimes[from] ?? (from === this.runtime.place ? this.runtime : undefined);
    if (home !== undefined) return harmLine(home, what);
    const agent = this.#agents.get(from);
    if (agent !== undefined) this.runtime.cast(agent, ["line", what]);
  }

  /** Fills the heap of a shard on another thread. */
  exhaust(place: number): void {
    const agent = this.#agents.get(place);
    if (agent !== undefined) this.runtime.cast(agent, ["heap"]);
  }

  /**
   * Lets `ms` pass, and calls `step` after everything that happens meanwhile; on real time, now and then. Ends before if that answers
   * false.
   */
  async pass(ms: number, step: () => boolean): Promise<void> {
    const endMs = this.nowMs + ms;
    do {
      await this.step(endMs);
    } while (step() && this.nowMs < endMs);
  }

  /** Lets time pass until something happens, up to that time; on real time, a moment. */
  async step(untilMs: number): Promise<void> {
    const { simulation, runtime } = this;
    const leftMs = Math.max(0, untilMs - this.nowMs);
    if (simulation === undefined)
      return new Promise((resolve) => runtime.clock.setTimer(Math.min(LOOK_MS, leftMs), resolve));
    const nextMs = simulation.clock.nextTimerMs() ?? Number.POSITIVE_INFINITY;
    await simulation.advance(Math.min(Math.max(0, nextMs - this.nowMs), leftMs));
  }

  /** Lets what is under way be carried out; on real time, a moment pass. */
  async settle(): Promise<void> {
    if (this.simulation === undefined) await this.step(this.nowMs + LOOK_MS);
    else await this.simulation.settle();
  }

  /** Takes back what waits for the next callback of a process. */
  async disarm(): Promise<void> {
    disarm(this.#armed);
    const told = [...this.#agents.values()].map((agent) => this.runtime.call(agent, "disarm"));
    // Who is gone, and who does not answer, has come to other harm.
    await Promise.allSettled(told);
  }

  /** Ends the processes that were started for it. */
  close(): void {
    for (const pid of this.#agents.values()) this.runtime.cast(pid, ["end"]);
  }

  async #ask(place: number): Promise<ShardCensus> {
    try {
      let agent = this.#agents.get(place);
      if (agent === undefined || !this.runtime.isAlive(agent)) {
        agent = await this.runtime.start(ChaosAgent, undefined, { on: { shard: place } });
        this.#agents.set(place, agent);
      }
      return (await this.runtime.call(agent, "census")) as ShardCensus;
    } catch {
      // Its shard is gone, or comes to harm just now: there is nobody there.
      return { processes: [], timers: 0 };
    }
  }
}

function noSystem(got: unknown): Error {
  const expected = "a simulation, or a runtime on real time,";
  return supervisorError("ROOKERY_SUPERVISOR_OPTION", expected, "chaos", got);
}
