import { type Pid, silentLogger } from "../../runtime/index.ts";
import { onProcessExit, residentOf } from "../../runtime/internal.ts";
import { simulate, type Simulation } from "../../runtime/testing.ts";
import { Places } from "./places.ts";
import { type Op, puppet, Script, type Stage } from "./puppet.ts";
import { type Json, Labels, toTerm } from "./term.ts";
import { observationTerms, type StepTrace, type Trace } from "./trace.ts";

export interface SignalsScenario {
  readonly id: string;
  readonly family: "signals";
  readonly procs: readonly { readonly id: string; readonly trap?: boolean }[];
  readonly steps: readonly Step[];
}

type Step = { readonly by: string; readonly do: readonly Op[] } | { readonly sleep: number };

/** Timers up to this long have fired before their step has settled. */
const SHORT_TIMER_MS = 5;

/** Runs one scenario of the family `signals`: the processes do as the script says, and what they see is the trace. */
export async function runSignals(scenario: SignalsScenario, seed: number, shards = 1): Promise<Trace> {
  await using simulation = await simulate({ seed, shards, logger: silentLogger });
  return await new SignalsRun(simulation).run(scenario);
}

class SignalsRun implements Stage {
  readonly labels: Labels;
  readonly places: Places;
  readonly #simulation: Simulation;
  readonly #reasons = new Map<Pid, unknown>();
  readonly #pids: Pid[] = [];
  readonly #held = new Map<Pid, unknown[][]>();
  #observed: { pid: Pid; message: unknown }[] = [];
  #died: Pid[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.places = new Places(simulation);
    this.labels = new Labels(this.places);
  }

  observe(pid: Pid, message: unknown): void {
    this.#observed.push({ pid, message });
  }

  enter(pid: Pid, label: string): void {
    this.labels.set(label, pid);
    this.#pids.push(pid);
    onProcessExit(pid, (reason) => {
      this.#reasons.set(pid, reason);
      this.#died.push(pid);
    });
  }

  hold(pid: Pid, held: boolean): void {
    if (held) this.#held.set(pid, []);
  }

  async run(scenario: SignalsScenario): Promise<Trace> {
    const { runtime } = this.#simulation;
    for (const { id, trap } of scenario.procs)
      this.enter(this.places.spawn(puppet(this, trap ?? false, undefined)), id);
    await this.#simulation.settle();
    const steps: StepTrace[] = [];
    for (const step of scenario.steps) steps.push(await this.#step(step));
    const held = [...this.#held.keys()].filter((pid) => runtime.isAlive(pid));
    for (const pid of held) this.places.home(pid).send(pid, new Script([["resume"]]));
    steps.push(await this.#settled(undefined));
    const alive = this.#pids.filter((pid) => runtime.isAlive(pid)).map((pid) => this.labels.of(pid));
    return { id: scenario.id, steps, alive: alive.sort() };
  }

  async #step(step: Step): Promise<StepTrace> {
    if ("sleep" in step) {
      await this.#simulation.advance(step.sleep);
      return this.#settled(undefined);
    }
    const { runtime } = this.#simulation;
    const pid = this.labels.pid(step.by);
    if (pid === undefined || !runtime.isAlive(pid)) return this.#settled("dead");
    const script = new Script(step.do);
    this.places.home(pid).send(pid, script);
    await this.#simulation.settle();
    await this.#simulation.advance(SHORT_TIMER_MS);
    return this.#settled(runtime.isAlive(pid) ? script.results : "died");
  }

  async #settled(res: Json | undefined): Promise<StepTrace> {
    await this.#simulation.settle();
    const { runtime } = this.#simulation;
    const trace: StepTrace = {};
    if (res !== undefined) trace.res = res;
    const ev: Record<string, Json> = {};
    for (const pid of new Set(this.#observed.map((seen) => seen.pid))) {
      if (!runtime.isAlive(pid)) continue;
      const messages = this.#observed.filter((seen) => seen.pid === pid).map((seen) => seen.message);
      ev[this.labels.of(pid)] = this.#inArrivalOrder(pid, messages);
    }
    if (Object.keys(ev).length > 0) trace.ev = ev;
    if (this.#died.length > 0) {
      trace.died = Object.fromEntries(
        this.#died.map((pid) => [this.labels.of(pid), toTerm(this.#reasons.get(pid), this.labels)]),
      );
    }
    this.#observed = [];
    this.#died = [];
    this.#noteArrivals();
    return trace;
  }

  /** What a process that was held takes when it is released is listed step by step of its arrival. */
  #inArrivalOrder(pid: Pid, messages: readonly unknown[]): Json[] {
    const groups = this.#held.get(pid);
    if (groups === undefined) return observationTerms(messages, this.labels);
    this.#held.delete(pid);
    const known = new Set(groups.flat());
    const listed = groups.flatMap((group) =>
      observationTerms(
        group.filter((m) => messages.includes(m)),
        this.labels,
      ),
    );
    return [
      ...listed,
      ...observationTerms(
        messages.filter((m) => !known.has(m)),
        this.labels,
      ),
    ];
  }

  #noteArrivals(): void {
    for (const [pid, groups] of this.#held) {
      const mailbox = residentOf(pid)?.mailbox;
      if (mailbox === undefined) continue;
      const unread = Array.from({ length: mailbox.length }, (_, index) => mailbox.messageAt(index));
      const known = new Set(groups.flat());
      groups.splice(0, groups.length, ...groups.map((group) => group.filter((m) => unread.includes(m))));
      groups.push(unread.filter((m) => !known.has(m)));
    }
  }
}
