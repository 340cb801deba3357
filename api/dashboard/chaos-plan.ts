import { z } from "zod";
import { faultNames, isFaultName } from "./chaos-faults.ts";
import type { StruckFault } from "./chaos-kit.ts";
import { shownInLine } from "./shown.ts";

/** Limits of what a page may ask for. */
const DURATION_MS_MAX = 3_600_000;
const RATE_HZ_MIN = 0.01;
const RATE_HZ_MAX = 50;
const SEED_MAX = 4_294_967_295;
const NAMES_MAX = 20;
const NAME_LENGTH_MAX = 200;
const SHARDS_MAX = 64;
/** More faults a script that is given has not, and none is made of a run that had more. */
export const SCRIPT_MAX = 500;

const GOT_LENGTH_MAX = 80;

/** Whom a run leaves alone. */
interface Spared {
  /** Processes with these names, and all below them. */
  readonly except: readonly string[];
  /** The channels, connections and observers of the dashboard. */
  readonly spareDashboard: boolean;
}

/** Faults by chance. Whoever any of `under`, `named` and `behaving` means is a target, on `shards` only if any are given. */
export interface ChancePlan extends Spared {
  readonly seed: number;
  readonly durationMs: number;
  readonly rateHz: number;
  readonly everybody: boolean;
  readonly under: readonly string[];
  readonly named: readonly string[];
  readonly behaving: readonly string[];
  readonly shards: readonly number[];
  readonly faults: readonly string[];
}

/** Just these faults. */
export interface ScriptedPlan extends Spared {
  readonly seed: number;
  readonly durationMs: number;
  readonly script: readonly StruckFault[];
}

export type ChaosPlan = ChancePlan | ScriptedPlan;

/** Something that is not done, and why. */
export interface Refused {
  readonly refused: string;
}

const names = listOf(NAMES_MAX, `names of 1 to ${NAME_LENGTH_MAX} characters`, isName);
const durationMs = whole("a durationMs", 1, DURATION_MS_MAX, "ms");
const seed = whole("a seed", 0, SEED_MAX);

const spared = {
  except: names("except").default([]),
  spareDashboard: yesOrNo("spareDashboard").default(true),
};

const chancePlan = strict({
  ...spared,
  seed,
  durationMs,
  rateHz: expected<number>(
    `a rateHz from ${RATE_HZ_MIN} to ${RATE_HZ_MAX} Hz`,
    (value) => Number.isFinite(value) && Number(value) >= RATE_HZ_MIN && Number(value) <= RATE_HZ_MAX,
  ),
  everybody: yesOrNo("everybody").default(false),
  under: names("under").default([]),
  named: names("named").default([]),
  behaving: names("behaving").default([]),
  shards: listOf<number>(SHARDS_MAX, "places of shards", isPlace)("shards").default([]),
  faults: expected<readonly string[]>(
    `1 to ${NAMES_MAX} faults among ${faultNames()}`,
    (value) => isList(value, NAMES_MAX, isFaultName) && value.length > 0,
    firstNot(isFaultName),
  ),
});

const scriptedPlan = strict({
  ...spared,
  seed: seed.default(0),
  durationMs: durationMs.optional(),
  script: expected<readonly StruckFault[]>(
    `a script of 1 to ${SCRIPT_MAX} faults in the order of their times, each as { atMs, fault, target } with an atMs from 0 to ${DURATION_MS_MAX} ms and a fault among ${faultNames()}`,
    (value) => isList(value, SCRIPT_MAX, isStruckFault) && value.length > 0 && isInOrder(value),
    firstNot(isStruckFault),
  ),
});

/** What a page asks for as a plan, or why it is none. */
export function chaosPlanOf(asked: Readonly<Record<string, unknown>>): ChaosPlan | Refused {
  if ("script" in asked) {
    const parsed = scriptedPlan.safeParse(asked);
    if (!parsed.success) return refusal(parsed.error);
    const { durationMs: wanted, script, ...rest } = parsed.data;
    const faults = script.map(({ atMs, fault, target }) => ({ atMs, fault, target }));
    return { ...rest, durationMs: wanted ?? Math.max(1, faults.at(-1)!.atMs), script: faults };
  }
  const parsed = chancePlan.safeParse(asked);
  if (!parsed.success) return refusal(parsed.error);
  const { everybody, under, named, behaving } = parsed.data;
  // Everybody has to be said: an empty form must not be the end of all.
  if (!everybody && under.length + named.length + behaving.length === 0)
    return { refused: "Expected a target in under, named or behaving, or everybody, but got none" };
  return parsed.data;
}

/** In one line, what repeats it: chance with the same seed, or the script. What is as usual is left out. */
export function lineOf({ seed: first, except, spareDashboard, ...plan }: ChaosPlan): string {
  const told = Object.entries({ ...plan, except }).filter(
    ([, value]) => value !== false && !(Array.isArray(value) && value.length === 0),
  );
  const bold = spareDashboard ? {} : { spareDashboard };
  return JSON.stringify({ seed: first, ...Object.fromEntries(told), ...bold });
}

function refusal({ issues }: z.ZodError): Refused {
  return { refused: issues[0]!.message };
}

function strict<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `Expected only ${known}, but got ${issue.keys.join(", ")}`
        : undefined,
  });
}

/** A value of which `isSo` holds, else an error that says what was expected and what came. */
function expected<Value>(
  what: string,
  isSo: (value: unknown) => boolean,
  wrongIn: (value: unknown) => unknown = (value) => value,
): z.ZodType<Value, Value> {
  return z.custom<Value>(isSo, {
    error: ({ input }) => `Expected ${what}, but got ${shownInLine(wrongIn(input), GOT_LENGTH_MAX)}`,
  });
}

function whole(what: string, min: number, max: number, unit: string = ""): z.ZodType<number, number> {
  return expected(
    `${what} that is a whole number from ${min} to ${max} ${unit}`.trimEnd(),
    (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  );
}

function yesOrNo(key: string): z.ZodType<boolean, boolean> {
  return expected(`${key} to be true or false`, (value) => typeof value === "boolean");
}

function listOf<Item = string>(
  max: number,
  what: string,
  isItem: (value: unknown) => boolean,
): (key: string) => z.ZodType<readonly Item[], readonly Item[]> {
  return (key) =>
    expected(`in ${key} up to ${max} ${what}`, (value) => isList(value, max, isItem), firstNot(isItem));
}

function isList(
  value: unknown,
  max: number,
  isItem: (item: unknown) => boolean,
): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= max && value.every(isItem);
}

/** In a list, the first that is not as it should be says more than the whole list. */
function firstNot(isItem: (item: unknown) => boolean): (value: unknown) => unknown {
  return (value) => (Array.isArray(value) ? (value.find((item) => !isItem(item)) ?? value) : value);
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= NAME_LENGTH_MAX;
}

function isPlace(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < SHARDS_MAX;
}

function isStruckFault(value: unknown): value is StruckFault {
  const { atMs, fault, target } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (
    Number.isInteger(atMs) &&
    Number(atMs) >= 0 &&
    Number(atMs) <= DURATION_MS_MAX &&
    isFaultName(fault) &&
    isName(target)
  );
}

function isInOrder(script: readonly unknown[]): boolean {
  const times = (script as readonly StruckFault[]).map(({ atMs }) => atMs);
  return times.every((atMs, index) => index === 0 || times[index - 1]! <= atMs);
}
