import type { Behaviour, SystemCallbacks } from "./behaviour.ts";
import { onProcessExit } from "./exit-hook.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import { Timer } from "./timer-wheel.ts";

/** Lets go of what an idle process holds for nothing: the room of a mailbox that was long, and collections that are empty. */
export function hibernate(process: Process): void {
  if (process.mailbox.length === 0) process.mailbox.clear();
  if (process.dictionary?.size === 0) process.dictionary = undefined;
  if (process.suspending?.size === 0) process.suspending = undefined;
}

/**
 * The behaviour of a server with the option `hibernateAfterMs`: its own, and a timer that runs while it waits. Only those who
 * want it pay for it.
 */
export class HibernateAfter extends Timer implements Behaviour {
  readonly #process: Process;
  readonly #own: Behaviour;
  readonly #ms: number;

  constructor(process: Process, ms: number) {
    super();
    this.#process = process;
    this.#own = process.behaviour;
    this.#ms = ms;
    onProcessExit(process.pid, () => process.shard.timers.stop(this));
  }

  get system(): SystemCallbacks {
    return this.#own.system!;
  }

  describe(process: Process): string {
    return this.#own.describe(process);
  }

  turn(process: Process, budget: number): number {
    const { timers } = process.shard;
    timers.stop(this);
    const taken = this.#own.turn(process, budget);
    if (process.state === ProcessState.Running && process.mailbox.length === 0) timers.start(this, this.#ms);
    return taken;
  }

  fire(): void {
    hibernate(this.#process);
  }
}
