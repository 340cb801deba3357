import type { Runtime } from "../../runtime/index.ts";

/** What of a process decides whether it comes to harm. */
export interface ChaosCandidate {
  readonly name: string | undefined;
  readonly behaviour: string;
  readonly label: unknown;
  readonly ancestors: readonly string[];
  /** The place of its shard. */
  readonly place: number;
}

/** Whether a process is one of those that are meant. The type of a method, since what the kit has asks for more of a candidate. */
export type ChaosTarget = { isMeant(candidate: ChaosCandidate): boolean }["isMeant"];

/** A way to come to harm. */
export interface ChaosFault {
  readonly name: string;
  targets(system: never, selected: readonly never[], spared: readonly never[]): readonly string[];
  inflict(system: never, target: string, selected: readonly never[]): void | Promise<void>;
}

/** A fault that was inflicted, or is to be. */
export interface StruckFault {
  /** Since the beginning. */
  readonly atMs: number;
  readonly fault: string;
  readonly target: string;
}

/** One run of it. */
export interface ChaosRunOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly rateHz?: number;
  readonly targets?: readonly ChaosTarget[];
  readonly except?: readonly ChaosTarget[];
  readonly faults?: readonly ChaosFault[];
  readonly script?: readonly StruckFault[];
  readonly signal?: AbortSignal;
  readonly onFault?: (fault: StruckFault) => void;
}

/** What came of it. */
export interface ChaosOutcome {
  /** The faults that were due and never struck, for want of somebody whom they could. */
  readonly missed: readonly string[];
}

/**
 * What the dashboard needs for faults on purpose: all of `rookery/testing` is one. It is handed in, so that a program without it loads
 * nothing of it.
 */
export interface ChaosKit {
  chaos(runtime: Runtime, options: ChaosRunOptions): Promise<ChaosOutcome>;
  readonly supervised: ChaosTarget;
  named(...names: readonly string[]): ChaosTarget;
  behaving(...behaviours: readonly string[]): ChaosTarget;
  under(supervisor: string): ChaosTarget;
  kill(): ChaosFault;
  exit(reason: string): ChaosFault;
  crash(): ChaosFault;
  stall(ms: number): ChaosFault;
  flood(messages: number): ChaosFault;
  socketCut(): ChaosFault;
  slowReader(ms: number): ChaosFault;
  shardCrash(): ChaosFault;
  delayMessages(ms: number): ChaosFault;
  dropMessages(ms: number): ChaosFault;
}

const FUNCTIONS = [
  "chaos",
  "supervised",
  "named",
  "behaving",
  "under",
  "kill",
  "exit",
  "crash",
  "stall",
  "flood",
  "socketCut",
  "slowReader",
  "shardCrash",
  "delayMessages",
  "dropMessages",
] as const satisfies readonly (keyof ChaosKit)[];

/** What is missing in a kit; undefined if nothing is. */
export function missingInKit(kit: unknown): string | undefined {
  const given = (kit ?? {}) as Readonly<Record<string, unknown>>;
  return FUNCTIONS.find((name) => typeof given[name] !== "function");
}
