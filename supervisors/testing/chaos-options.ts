import { expectDuration, expectOptions } from "../../runtime/internal.ts";
import { supervisorError } from "../errors.ts";
import type { Fault } from "./fault.ts";
import type { FaultScript, ScriptedFault } from "./fault-script.ts";
import type { Target } from "./target.ts";

/** Holds at any time: answers false, or throws, if it does not. Answers at once, never by a promise. */
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
  /** Default: `[kill()]`. One that is there twice is twice as likely. */
  readonly faults?: readonly Fault[];
  /** By what they say; looked at after each step of a simulation, and now and then on real time. */
  readonly invariants?: Readonly<Record<string, Invariant>>;
  /** Inflicts these faults at their times instead of any by chance: those of an earlier run, to repeat it. */
  readonly script?: FaultScript;
  /** Ends it before its time: it resolves to what was inflicted until then. */
  readonly signal?: AbortSignal;
  /** Is told of each fault, right before it is inflicted, instead of the log. */
  readonly onFault?: (fault: ScriptedFault) => void;
}

const OPTIONS = [
  "seed",
  "durationMs",
  "rateHz",
  "targets",
  "except",
  "faults",
  "invariants",
  "script",
  "signal",
  "onFault",
];

/** A test that was told nonsense would test nothing, and pass. */
export function expectChaosOptions(options: ChaosOptions): void {
  expectOptions("chaos", OPTIONS, options);
  const { seed, durationMs, rateHz = 1, targets = [], except = [], faults = [] } = options;
  const { invariants = {}, script = [], signal, onFault } = options;
  expectDuration(durationMs);
  expect(Number.isSafeInteger(seed), "an integer as seed", seed);
  expect(rateHz > 0 && Number.isFinite(rateHz), "more than 0 faults a second as rateHz", rateHz);
  expect(isListOf(targets, isFunction), "a list of functions as targets", targets);
  expect(isListOf(except, isFunction), "a list of functions as except", except);
  expect(isListOf(faults, isFault), "a list of faults, such as [kill()], as faults", faults);
  expect(
    typeof invariants === "object" && invariants !== null && Object.values(invariants).every(isFunction),
    "functions by what they say as invariants",
    invariants,
  );
  expect(isListOf(script, isScripted), "faults with atMs, fault and target as script", script);
  expect(signal === undefined || signal instanceof AbortSignal, "an AbortSignal as signal", signal);
  expect(onFault === undefined || isFunction(onFault), "a function as onFault", onFault);
}

function expect(isSo: boolean, expected: string, got: unknown): void {
  if (!isSo) throw supervisorError("ROOKERY_SUPERVISOR_OPTION", expected, "chaos", got);
}

function isListOf(list: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(list) && list.every(isOne);
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function isFault(value: unknown): boolean {
  const { name, targets, inflict } = (value ?? {}) as Partial<Fault>;
  return typeof name === "string" && isFunction(targets) && isFunction(inflict);
}

function isScripted(value: unknown): boolean {
  const { atMs, turns = 0, fault, target } = (value ?? {}) as Partial<ScriptedFault>;
  const isTime = typeof atMs === "number" && atMs >= 0;
  return isTime && turns >= 0 && typeof fault === "string" && typeof target === "string";
}
