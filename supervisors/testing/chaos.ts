import type { Runtime } from "../../runtime/index.ts";
import { isPromise } from "../../runtime/internal.ts";
import { SeededRandom, type Simulation } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import type { Candidate } from "./candidate.ts";
import { chaosFailure } from "./chaos-failure.ts";
import { type ChaosOptions, expectChaosOptions } from "./chaos-options.ts";
import { ChaosSystem } from "./chaos-system.ts";
import { type Fault, kill } from "./fault.ts";
import type { FaultScript, ScriptedFault } from "./fault-script.ts";
import { FaultTally } from "./fault-tally.ts";
import { supervised, type Target } from "./target.ts";

/** What chaos has done, for doing it again. */
export interface ChaosReport {
  readonly seed: number;
  /** What was inflicted. */
  readonly script: FaultScript;
  /** The faults that were due and never inflicted, for want of somebody whom they could strike. */
  readonly missed: readonly string[];
}

/** A fault whose time is known, and not yet whom it strikes. */
interface DueFault {
  /** Which one of the run it is. */
  readonly nth: number;
  readonly atMs: number;
  readonly turns: number;
  readonly name: string;
  readonly fault: Fault | undefined;
  readonly choose: (targets: readonly string[]) => string | undefined;
}

/** In the midst of work, a fault strikes before so many turns have been taken: few are most likely, for soon all may be done. */
const TURNS_MAX = 64;
/** A fault waits so long for so many turns. */
const TURNS_WITHIN_MS = 1_000;

/**
 * Brings faults over a simulation, or over a runtime that runs, for `durationMs`. The times are those of a Poisson process; the
 * seed decides them, the faults, and who is struck. In a simulation the same seed is the same run, and half of the faults strike in
 * the midst of work: between any two messages, not only when everybody waits. Each fault is logged, as info. Resolves to what was inflicted;
 * what is armed and has met nothing until then, such as a `crash` without a callback, is disarmed.
 *
 * A fault that was due and never had a target is logged as a warning, with what it needs. Rejects with `ROOKERY_CHAOS` if an invariant
 * does not hold, or a fault throws: the error names it, the seed and the script that repeats the run. With `ROOKERY_SUPERVISOR_OPTION` for wrong options.
 */
export async function chaos(subject: Simulation | Runtime, options: ChaosOptions): Promise<ChaosReport> {
  const tally = new FaultTally();
  const report = await talliedChaos(subject, options, tally);
  const { runtime } = new ChaosSystem(subject);
  for (const line of tally.lines) runtime.logger.warn({ seed: options.seed }, line);
  return report;
}

/** The same, and counts in `tally` what was due, but says nothing of it. */
export async function talliedChaos(
  subject: Simulation | Runtime,
  options: ChaosOptions,
  tally: FaultTally,
): Promise<ChaosReport> {
  expectChaosOptions(options);
  const run = new ChaosRun(new ChaosSystem(subject), options, tally);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}

class ChaosRun {
  readonly #system: ChaosSystem;
  readonly #options: ChaosOptions;
  readonly #faults: readonly Fault[];
  readonly #random: SeededRandom;
  readonly #tally: FaultTally;
  /** By which one of the run it is. */
  readonly #inflicted = new Map<number, ScriptedFault>();
  /** Takes back those that wait for their turn. */
  readonly #lurking = new Set<() => void>();
  /** Of a strike that nobody has waited for. */
  #failed: { readonly error: unknown } | undefined;
  #startedMs = 0;
  #drawnMs = 0;

  constructor(system: ChaosSystem, options: ChaosOptions, tally: FaultTally) {
    this.#system = system;
    this.#options = options;
    this.#faults = options.faults ?? [kill()];
    this.#random = new SeededRandom(options.seed);
    this.#tally = tally;
  }

  async run(): Promise<ChaosReport> {
    const { durationMs, seed } = this.#options;
    const script = this.#options.script?.toSorted((a, b) => a.atMs - b.atMs);
    this.#startedMs = this.#system.nowMs;
    this.#check();
    for (let next = 0; ; next += 1) {
      const due = script === undefined ? this.#drawn(next) : this.#scripted(next, script[next]);
      const atMs = due?.atMs ?? Infinity;
      await this.#passUntil(Math.min(atMs, durationMs));
      if (due === undefined || atMs > durationMs || this.#isEnded)
        return { seed, script: this.#script, missed: this.#tally.missed };
      const { simulation } = this.#system;
      if (simulation === undefined) await this.#strike(due);
      else if (due.turns === 0) this.#strikeMeanwhile(due);
      else this.#lurk(due, simulation);
    }
  }

  async close(): Promise<void> {
    for (const takeBack of this.#lurking) takeBack();
    await this.#system.disarm();
    this.#system.close();
  }

  get #isEnded(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** Whole milliseconds, as scripts have them. */
  get #sinceMs(): number {
    return Math.round(this.#system.nowMs - this.#startedMs);
  }

  /** In the order in which they were due, not in which they have struck: a script is read so. */
  get #script(): FaultScript {
    return [...this.#inflicted].toSorted(([a], [b]) => a - b).map(([, entry]) => entry);
  }

  /** What comes next by chance, which takes the same draws whatever becomes of it. */
  #drawn(nth: number): DueFault {
    const { rateHz = 1 } = this.#options;
    const draw = (): number => this.#random.next();
    const [pause, turns, which, whom] = [draw(), draw(), draw(), draw()];
    const fault = this.#faults[Math.floor(which * this.#faults.length)];
    // From when the one before was due: on real time it has struck later than that, each time by another while.
    this.#drawnMs += Math.ceil((-Math.log(1 - pause) * 1_000) / rateHz);
    return {
      nth,
      atMs: this.#drawnMs,
      turns: turns < 0.5 ? 0 : Math.floor(TURNS_MAX ** (2 * turns - 1)),
      name: fault?.name ?? "",
      fault,
      choose: (targets) => targets[Math.floor(whom * targets.length)],
    };
  }

  #scripted(nth: number, scripted: ScriptedFault | undefined): DueFault | undefined {
    if (scripted === undefined) return undefined;
    const { atMs, turns = 0, fault: name, target } = scripted;
    const fault = this.#faults.find((one) => one.name === name);
    return { nth, atMs, turns, name, fault, choose: (targets) => targets.find((id) => id === target) };
  }

  async #passUntil(atMs: number): Promise<void> {
    await this.#system.pass(Math.max(0, atMs - this.#sinceMs), () => {
      if (this.#failed !== undefined) throw this.#failed.error;
      this.#check();
      return !this.#isEnded;
    });
  }

  /** Strikes when so many turns have been taken or, if there is not so much to do, after a while. */
  #lurk(due: DueFault, simulation: Simulation): void {
    const strike = (): void => {
      takeBack();
      this.#strikeMeanwhile(due);
    };
    const takeBackTurns = simulation.afterTurns(due.turns, strike);
    const leftMs = Math.max(0, this.#options.durationMs - this.#sinceMs);
    const timer = simulation.clock.setTimer(Math.min(TURNS_WITHIN_MS, leftMs), strike);
    const takeBack = (): void => {
      takeBackTurns();
      timer.cancel();
      this.#lurking.delete(takeBack);
    };
    this.#lurking.add(takeBack);
  }

  /** Who waits for it lets no turns be taken, and what it does may need some. */
  #strikeMeanwhile(due: DueFault): void {
    this.#strike(due).catch((error: unknown) => {
      this.#failed ??= { error };
    });
  }

  /** In a simulation, all of it at once: turns go on meanwhile. */
  async #strike({ nth, atMs, turns, name, fault, choose }: DueFault): Promise<void> {
    const { simulation } = this.#system;
    if (this.#faults.length === 0) return;
    const candidates =
      simulation === undefined
        ? await this.#system.candidates()
        : this.#system.simulated(simulation).processes;
    // It may have ended while the other shards were asked.
    if (this.#isEnded) return;
    this.#tally.due(name, fault);
    if (fault === undefined) return;
    const [selected, spared] = this.#selected(candidates);
    const target = choose(fault.targets(this.#system, selected, spared));
    if (target === undefined) return;
    this.#tally.inflicted(name);
    const isMidway = simulation !== undefined && turns > 0;
    const entry: ScriptedFault = { atMs, ...(isMidway ? { turns } : {}), fault: name, target };
    this.#inflicted.set(nth, entry);
    this.#tell(entry);
    try {
      await fault.inflict(this.#system, target, selected);
    } catch (error) {
      throw chaosFailure(`${name} to be inflicted`, error, this.#options.seed, this.#script);
    }
  }

  #tell(entry: ScriptedFault): void {
    const { seed, onFault } = this.#options;
    if (onFault !== undefined) return onFault(entry);
    const text = `Chaos: ${entry.fault}, ${entry.target}`;
    this.#system.runtime.logger.info({ ...entry, seed }, text);
  }

  /** Who may come to harm, and who must not. */
  #selected(
    candidates: readonly Candidate[],
  ): readonly [selected: readonly Candidate[], spared: readonly Candidate[]] {
    const { targets = [supervised], except = [] } = this.#options;
    const meant = (candidate: Candidate, among: readonly Target[]): boolean =>
      among.some((target) => target(candidate));
    const spared = candidates.filter((candidate) => meant(candidate, except));
    return [candidates.filter((one) => meant(one, targets) && !spared.includes(one)), spared];
  }

  #check(): void {
    const { invariants = {}, seed } = this.#options;
    for (const [text, invariant] of Object.entries(invariants)) {
      let answer: unknown;
      let cause: unknown;
      try {
        answer = invariant();
      } catch (error) {
        answer = false;
        cause = error;
      }
      if (isPromise(answer)) throw refusedPromise(text, answer);
      if (answer === false) throw chaosFailure(text, cause, seed, this.#script);
    }
  }
}

/** What it will say comes too late, and would count as true. */
function refusedPromise(invariant: string, answer: PromiseLike<unknown>): Error {
  answer.then(undefined, () => {});
  const expected = `an answer at once from the invariant "${invariant}"`;
  return supervisorError("ROOKERY_SUPERVISOR_OPTION", expected, "chaos", answer);
}
