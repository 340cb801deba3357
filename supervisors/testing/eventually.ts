import type { Runtime } from "../../runtime/index.ts";
import { expectDuration, expectFunction, expectOptions } from "../../runtime/internal.ts";
import type { Simulation } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import { ChaosSystem } from "./chaos-system.ts";
import { oneLine } from "./one-line.ts";

/** So long something may take to become so. */
export const WITHIN_MS = 5_000;

/** How long `eventually` waits, and what for. */
export interface EventuallyOptions {
  /** Milliseconds, of the clock of the runtime. Default: 5,000. */
  readonly within?: number;
  /** What is expected, for the error. Default: the text of the condition. */
  readonly text?: string;
}

/**
 * Lets time pass until `condition` answers something true, and resolves to that. In a simulation it is asked after each step, and no
 * real time passes; on real time, now and then. It may be asynchronous, such as a call.
 *
 * Rejects with `ROOKERY_EVENTUALLY` if the time is over; `cause` is what the condition has thrown last, which counts as "not yet".
 * @example
 * ```ts doctest
 * const simulation = await simulate({ seed: 1 });
 * let rang = false;
 * simulation.clock.setTimer(60_000, () => (rang = true));
 * await eventually(simulation, () => rang, { within: 60_000 }); // => true
 * ```
 */
export async function eventually<Value>(
  subject: Simulation | Runtime,
  condition: () => Value | Promise<Value>,
  options: EventuallyOptions = {},
): Promise<Value> {
  expectFunction("that asks for what is to be so", condition);
  expectOptions("eventually", ["within", "text"], options);
  const { within = WITHIN_MS, text = oneLine(`${condition}`) } = options;
  const system = new ChaosSystem(subject);
  let last: { readonly value: Value } | undefined;
  let thrown: unknown;
  let answer = NOTHING;
  // In a simulation an answer may need time, which passes only between two looks: it counts when it comes.
  const ask = async (): Promise<void> => {
    try {
      const value = await condition();
      if (value) last = { value };
      answer = `it answered ${String(value)}`;
    } catch (error) {
      thrown = error;
      answer = error instanceof Error ? error.message : String(error);
    }
  };
  const wrong = await until(system, within, async () => {
    if (last === undefined) await asked(system, ask);
    return last === undefined ? answer : undefined;
  });
  if (wrong !== undefined) throw notSo(text, within, wrong, thrown);
  return last!.value;
}

const NOTHING = "it has answered nothing yet";

/** Asks; in a simulation it may not be done yet when everybody waits. */
async function asked({ simulation }: ChaosSystem, ask: () => Promise<void>): Promise<void> {
  if (simulation === undefined) return await ask();
  let isDone = false;
  const asking = ask().finally(() => {
    isDone = true;
  });
  await Promise.race([simulation.settle(), asking]);
  if (!isDone) await simulation.settle();
}

/**
 * Lets time pass until `look` finds nothing wrong any more, which it answers by undefined. Resolves to what is wrong if it still is
 * when the time is over.
 */
export async function until(
  system: ChaosSystem,
  withinMs: number,
  look: () => Promise<string | undefined>,
): Promise<string | undefined> {
  expectDuration(withinMs);
  const endMs = system.nowMs + withinMs;
  for (;;) {
    const wrong = await look();
    if (wrong === undefined || system.nowMs >= endMs) return wrong;
    await system.step(endMs);
  }
}

export function notSo(expected: string, withinMs: number, wrong: string, cause?: unknown): Error {
  const error = supervisorError("ROOKERY_EVENTUALLY", expected, withinMs, wrong);
  if (cause !== undefined) error.cause = cause;
  return error;
}
