import type { Process } from "./process.ts";
import type { Ref } from "./ref.ts";
import type { TimeoutAction } from "./statem-action.ts";
import type { InsertableEvent } from "./statem-event.ts";
import type { StatemWaiting } from "./statem-queue.ts";

/** What kind of code a process runs. One object a kind, shared by all its processes, unless it keeps something for each. */
export interface Behaviour {
  /**
   * Runs `process` for at most `budget` messages, and as long as the scheduler lets it take more (`mayTake`); answers how
   * many it took. Called with the state Running; leaves it at Waiting, Blocked or Exited, or at Running when messages remain.
   */
  turn(process: Process, budget: number): number;
  /** What crash reports and `info` call the code of `process`. */
  describe(process: Process): string;
  /** How it serves `sys`; undefined where nobody does, as in a plain process. */
  readonly system?: SystemCallbacks;
}

/** What a behaviour offers to `sys`: the `system_*` callbacks of OTP. */
export interface SystemCallbacks {
  /** The name of the behaviour: `"GenServer"`. */
  readonly module: string;
  getState(process: Process): unknown;
  setState(process: Process, state: unknown): void;
  /** The process goes on with this instance, in this state. Throws, and has changed nothing, if it can't. */
  changeInstance(process: Process, instance: unknown, state: unknown): void;
  /** What a GenStatem waits for, besides messages. */
  waiting?(process: Process): StatemWaiting;
  /** Ends the process in order. */
  terminate(process: Process, reason: unknown): void;
  /**
   * What the process is about to do, as `sys` tells it to debug functions; undefined if it only goes on with something. A behaviour
   * without it tells of all that happens itself.
   */
  nextEvent?(process: Process): SystemEvent | undefined;
  /** The process goes on after a request of `sys`: a timeout that it waits for begins anew. */
  resume(process: Process): void;
}

/** What happens in a GenServer, as `sys` logs and traces it: a message came, a reply went out, it was handled. */
export type ServerSystemEvent =
  | readonly ["in", message: unknown]
  | readonly ["out", reply: unknown, to: Ref, state: unknown]
  | readonly ["noreply", state: unknown]
  | readonly ["continue", term: unknown];

/**
 * What happens in a GenStatem, in the words of gen_statem: an event came, from outside or inserted; its step is over, or waits for
 * another state; a reply went out; a timeout was set; the machine ends in order.
 */
export type StatemSystemEvent =
  | readonly ["in", event: InsertableEvent, state: unknown]
  | readonly ["consume" | "postpone", event: InsertableEvent, state: unknown, nextState: unknown]
  | readonly ["out", reply: unknown, to: Ref]
  | readonly ["start_timer", timeout: TimeoutAction, state: unknown]
  | readonly ["terminate", reason: unknown, state: unknown];

/** What a server does, as the functions of `sys.install` and `sys.log` see it: `t::sys.system_event/0`. */
export type SystemEvent = ServerSystemEvent | StatemSystemEvent;
