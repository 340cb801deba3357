import type { StruckFault } from "./chaos-kit.ts";
import { type ChaosPlan, lineOf, SCRIPT_MAX } from "./chaos-plan.ts";

/** So many faults stand in one answer. */
const ANSWER_MAX = 100;

/** How a run is doing. `failed`: it could not go on, `why` says what came in between. */
export type ChaosState = "running" | "over" | "stopped" | "failed";

/** What was struck, when by the clock on the wall, and as which fault of the run. */
export interface SeenFault extends StruckFault {
  readonly n: number;
  readonly wallMs: number;
}

/** What a page sees of a run. */
export interface ShownRun {
  readonly id: string;
  readonly state: ChaosState;
  readonly why: string;
  readonly seed: number;
  readonly durationMs: number;
  readonly elapsedMs: number;
  readonly startedWallMs: number;
  /** How many were struck, and how many a script wanted to be. */
  readonly struck: number;
  readonly planned: number | undefined;
  /** Once it is over, the faults that had nobody whom they could strike. */
  readonly missed: readonly string[];
  /** Repeats the run; only for a page that begins to look at it. */
  readonly line: string | undefined;
  /** From the fault on that was asked for, as many as fit. */
  readonly seen: readonly SeenFault[];
}

/** What is known of one run of chaos. Touches no clock. */
export class ChaosRun {
  readonly id: string;
  readonly plan: ChaosPlan;
  readonly line: string;
  missed: readonly string[] = [];
  readonly #startedMs: number;
  readonly #startedWallMs: number;
  readonly #seen: SeenFault[] = [];
  #struck = 0;
  #state: ChaosState = "running";
  #why = "";
  #endedMs: number | undefined = undefined;

  constructor(id: string, plan: ChaosPlan, nowMs: number, wallMs: number) {
    this.id = id;
    this.plan = plan;
    this.line = lineOf(plan);
    this.#startedMs = nowMs;
    this.#startedWallMs = wallMs;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  get struck(): number {
    return this.#struck;
  }

  add(fault: StruckFault, wallMs: number): void {
    this.#struck += 1;
    this.#seen.push({ ...fault, n: this.#struck, wallMs });
    if (this.#seen.length > SCRIPT_MAX) this.#seen.shift();
  }

  end(state: Exclude<ChaosState, "running">, why: string, nowMs: number): void {
    this.#state = state;
    this.#why = why;
    this.#endedMs = nowMs;
  }

  /** For a page that has seen all up to `since` of the run with that id. */
  shown(id: string, since: number, nowMs: number): ShownRun {
    const from = id === this.id ? since : 0;
    const { plan } = this;
    return {
      id: this.id,
      state: this.#state,
      why: this.#why,
      seed: plan.seed,
      durationMs: plan.durationMs,
      elapsedMs: Math.round((this.#endedMs ?? nowMs) - this.#startedMs),
      startedWallMs: this.#startedWallMs,
      struck: this.#struck,
      missed: this.missed,
      planned: "script" in plan ? plan.script.length : undefined,
      line: id === this.id ? undefined : this.line,
      seen: this.#seen.filter(({ n }) => n > from).slice(0, ANSWER_MAX),
    };
  }
}
