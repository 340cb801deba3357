import type { Runtime } from "../../runtime/index.ts";
import { expectDuration, expectOptions } from "../../runtime/internal.ts";
import { SeededRandom, type Simulation } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import type { Candidate } from "./candidate.ts";
import { ChaosSystem } from "./chaos-system.ts";
import { type Fault, kill } from "./fault.ts";
import type { FaultScript, ScriptedFault } from "./fault-script.ts";
import { oneLine } from "./one-line.ts";
import { supervised, type Target } from "./target.ts";

/** Holds at any time: answers false, or throws, if it does not. */
export type Invariant = () => unknown;

/** Which faults are inflicted, on whom, how often and for how long. */
export interface ChaosOptions {
  /** Decides when which fault is inflicted on whom. */
  readonly seed: number;
  readonly durationMs: number;
  /** So many faults a second, on average. Default: 1. */
  readonly rateHz?: number;
  /** Who may come to harm: whoever is meant by any of them. Default: all that somebody has started. */
  readonly targets?: readonly Target[];
  /** Who must not. */
  readonly except?: readonly Target[];
  /** Default: `[kill()]`. */
  readonly faults?: readonly Fault[];
  /** By what they say; looked at after each step of a simulation, and now and then on real time. */
  readonly invariants?: Readonly<Record<string, Invariant>>;
  /** Inflicts these faults at their times instead of any by chance: those of an earlier run, to repeat it. */
  readonly script?: FaultScript;
}

/** What chaos has done, for doing it again. */
export interface ChaosReport {
  readonly seed: number;
  /** What was inflicted. */
  readonly script: FaultScript;
}

const OPTIONS = ["seed", "durationMs", "rateHz", "targets", "except", "faults", "invariants", "script"];

/**
 * Brings faults over a simulation, or over a runtime that runs, for `durationMs`. The times are those of a Poisson process; the
 * seed decides them, the faults, and who is struck. In a simulation the same seed is the same run. Each fault is
 * logged, as info. Resolves to what was inflicted.
 *
 * Rejects with `ROOKERY_CHAOS` if an invariant does not hold: the error names it, the seed and the script that repeats the run.
 */
export async function chaos(subject: Simulation | Runtime, options: ChaosOptions): Promise<ChaosReport> {
  expectOptions("chaos", OPTIONS, options);
  expectDuration(options.durationMs);
  const run = new ChaosRun(new ChaosSystem(subject), options);
  try {
    return await run.run();
  } finally {
    run.close();
  }
}

class ChaosRun {
  readonly #system: ChaosSystem;
  readonly #options: ChaosOptions;
  readonly #faults: readonly Fault[];
  readonly #random: SeededRandom;
  readonly #inflicted: ScriptedFault[] = [];
  #startedMs = 0;

  constructor(system: ChaosSystem, options: ChaosOptions) {
    this.#system = system;
    this.#options = options;
    this.#faults = options.faults ?? [kill()];
    this.#random = new SeededRandom(options.seed);
  }

  async run(): Promise<ChaosReport> {
    const { durationMs, seed, script } = this.#options;
    this.#startedMs = this.#system.nowMs;
    this.#check();
    for (let next = 0; ; next += 1) {
      const atMs = script === undefined ? this.#sinceMs + this.#pauseMs() : (script[next]?.atMs ?? Infinity);
      await this.#passUntil(Math.min(atMs, durationMs));
      if (atMs > durationMs) return { seed, script: this.#inflicted };
      await this.#strike(script?.[next]);
    }
  }

  close(): void {
    this.#system.close();
  }

  /** Whole milliseconds, as scripts have them. */
  get #sinceMs(): number {
    return Math.round(this.#system.nowMs - this.#startedMs);
  }

  /** Until the next fault. */
  #pauseMs(): number {
    const { rateHz = 1 } = this.#options;
    return Math.ceil((-Math.log(1 - this.#random.next()) * 1_000) / rateHz);
  }

  #passUntil(atMs: number): Promise<void> {
    return this.#system.pass(Math.max(0, atMs - this.#sinceMs), () => this.#check());
  }

  async #strike(scripted: ScriptedFault | undefined): Promise<void> {
    const [selected, spared] = await this.#selected();
    // Drawn also where nobody can be struck: what comes next shall not depend on it.
    const [first, second] = [this.#random.next(), this.#random.next()];
    const fault =
      scripted === undefined
        ? this.#faults[Math.floor(first * this.#faults.length)]
        : this.#faults.find(({ name }) => name === scripted.fault);
    if (fault === undefined) return;
    const targets = fault.targets(this.#system, selected, spared);
    const target =
      scripted === undefined
        ? targets[Math.floor(second * targets.length)]
        : targets.find((id) => id === scripted.target);
    if (target === undefined) return;
    const entry: ScriptedFault = { atMs: this.#sinceMs, fault: fault.name, target };
    this.#inflicted.push(entry);
    this.#system.runtime.logger.info(
      { ...entry, seed: this.#options.seed },
      `Chaos: ${fault.name}, ${target}`,
    );
    await fault.inflict(this.#system, target, selected);
  }

  /** Who may come to harm, and who must not. */
  async #selected(): Promise<readonly [selected: readonly Candidate[], spared: readonly Candidate[]]> {
    const { targets = [supervised], except = [] } = this.#options;
    const meant = (candidate: Candidate, among: readonly Target[]): boolean =>
      among.some((target) => target(candidate));
    const candidates = await this.#system.candidates();
    const spared = candidates.filter((candidate) => meant(candidate, except));
    return [candidates.filter((one) => meant(one, targets) && !spared.includes(one)), spared];
  }

  #check(): void {
    for (const [text, invariant] of Object.entries(this.#options.invariants ?? {})) {
      let cause: unknown;
      try {
        if (invariant() !== false) continue;
      } catch (error) {
        cause = error;
      }
      throw this.#broken(text, cause);
    }
  }

  #broken(invariant: string, cause: unknown): Error {
    const script = JSON.stringify(this.#inflicted);
    const why = cause instanceof Error ? ` (${cause.message})` : "";
    const error = supervisorError(
      "ROOKERY_CHAOS",
      oneLine(`${invariant}${why}`),
      this.#inflicted.length,
      this.#options.seed,
      script,
    );
    error.cause = cause;
    return Object.assign(error, { script: this.#inflicted });
  }
}
