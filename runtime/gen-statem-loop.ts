import { abandon, isPromise, type Outcome, waitFor } from "./async-outcome.ts";
import { BadReturn } from "./bad-return.ts";
import type { Behaviour, StatemSystemEvent, SystemCallbacks } from "./behaviour.ts";
import { answerCall, type From, isFrom } from "./call.ts";
import { completeCallbackMode, NO_STATES } from "./callback-mode.ts";
import { type LastMessage, reportServerCrash } from "./crash-report.ts";
import { errorText, runtimeError } from "./errors.ts";
import { ExitMessage } from "./exit-message.ts";
import { type ExitReason, isOrderly, reasonOfThrown } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import type { GenStatem } from "./gen-statem.ts";
import { hibernate } from "./hibernate.ts";
import { CAST, STATEM_TIMEOUT, STOP, SYSTEM } from "./message-tag.ts";
import { plainCopy } from "./plain-copy.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import { Ignore, Stop } from "./returns.ts";
import {
  isTime,
  NextEvent,
  PlainAction,
  postpone,
  ReplyAction,
  type StatemActions,
  TimeoutAction,
} from "./statem-action.ts";
import { type InsertableEvent, isInsertable, type StatemEvent } from "./statem-event.ts";
import { statemForms } from "./statem-forms.ts";
import { StatemQueue, type StatemWaiting, Step, type Timeout, type TimeoutTimers } from "./statem-queue.ts";
import { startStatemTimer, stopStatemTimer } from "./statem-timer.ts";
import type { SystemCall } from "./system-call.ts";
import { debugOf, serveSystem } from "./system-mode.ts";
import type { Timer } from "./timer-wheel.ts";
import { InitialState, PLAIN_KEEP, sameState, StopAndReply, Transition } from "./transition.ts";

/** What is left to do once `terminate` is done. */
interface Ending {
  readonly reason: ExitReason;
  readonly last: LastMessage | undefined;
}

interface EventRun {
  readonly callback: "event";
  readonly event: StatemEvent;
  /** Of a state enter call: the step that goes on with it. */
  readonly step: Step | undefined;
  /** In which it runs. */
  readonly state: unknown;
}

/** One run of a callback. */
type Run =
  | { readonly callback: "init"; readonly arg: unknown }
  | EventRun
  | { readonly callback: "terminate"; readonly ending: Ending };

/** Runs one GenStatem: takes the events that its queue and its mailbox have, calls its callbacks, does what these return. */
export class GenStatemLoop implements Behaviour, SystemCallbacks, TimeoutTimers {
  readonly module = "GenStatem";
  readonly system: SystemCallbacks = this;
  #statem: GenStatem;
  readonly #queue = new StatemQueue(this);
  #process: Process = undefined as never;
  #stateFunctions = false;
  #stateEnter = false;

  constructor(statem: GenStatem) {
    this.#statem = statem;
  }

  turn(process: Process, budget: number): number {
    this.#process = process;
    let taken = 0;
    while (taken < budget && process.shard.scheduler.mayTake(taken) && this.#runnable && this.#next())
      taken += 1;
    // Only what stands in the mailbox or in `outcome` makes the scheduler come back.
    if (this.#runnable && this.#queue.ready && process.outcome === undefined)
      this.#callNext(this.#queue.take()!, undefined);
    return taken;
  }

  /** Goes on with what is first; false if there is nothing. */
  #next(): boolean {
    const process = this.#process;
    if (process.outcome !== undefined) {
      const { run, value, settled } = process.outcome as Outcome<Run>;
      process.outcome = undefined;
      if (settled === "fulfilled") this.#apply(run, value);
      else if (settled === "rejected") this.#catch(run, value);
      else if (run.callback === "event") this.#handle(run.event, run.step);
      return true;
    }
    if (process.starting !== undefined) {
      this.#init(process.starting.arg);
      return true;
    }
    const event = this.#queue.take();
    if (event !== undefined) {
      this.#handle(event, undefined);
      return true;
    }
    const { mailbox } = process;
    if (mailbox.length === 0) return false;
    this.#receive(mailbox.headTag(), mailbox.shift());
    return true;
  }

  get #runnable(): boolean {
    return this.#process.state === ProcessState.Running && this.#process.pendingExit === undefined;
  }

  #receive(tag: unknown, message: unknown): void {
    if (tag === CAST) {
      this.#handleNew({ type: "cast", content: message });
    } else if (tag === undefined) {
      if (this.#isParentExit(message)) this.#terminate(message.reason, undefined);
      else this.#handleNew({ type: "info", content: message });
    } else if (tag === STATEM_TIMEOUT) {
      const event = this.#queue.expired(message as Timeout);
      if (event !== undefined) this.#handle(event, undefined);
    } else if (tag === STOP) {
      this.#terminate(message, undefined);
    } else if (tag === SYSTEM) {
      serveSystem(this.#process, message as SystemCall);
    } else {
      this.#handleNew({ type: "call", from: tag as From, content: message });
    }
  }

  #handleNew(event: InsertableEvent): void {
    this.#tellIn(event);
    this.#handle(event, undefined);
  }

  /** Only a process that traps exits finds it in its mailbox. Not an event: the parent wants it to end. */
  #isParentExit(message: unknown): message is ExitMessage {
    return message instanceof ExitMessage && message.pid === this.#process.parent;
  }

  #init(arg: unknown): void {
    const run: Run = { callback: "init", arg };
    let result: unknown;
    try {
      result = this.#statem.init(arg as never);
    } catch (thrown) {
      return this.#catch(run, thrown);
    }
    if (this.#process.state === ProcessState.Exited) abandon(result);
    else this.#apply(run, result);
  }

  /** Calls the callback for `event`. With `step`, it is the state enter call in which that step goes on. */
  #handle(event: StatemEvent, step: Step | undefined): void {
    const { state } = this.#statem;
    let result: unknown;
    try {
      result = this.#call(event);
    } catch (thrown) {
      return this.#catch({ callback: "event", event, step, state }, thrown);
    }
    // One that has sent itself a deadly exit is dead, also when its code caught what unwound it.
    if (this.#process.state === ProcessState.Exited) return abandon(result);
    // What most events come to, first.
    if (step === undefined && result === PLAIN_KEEP) {
      this.#tellHandled("consume", event as InsertableEvent, state);
      return this.#queue.kept();
    }
    this.#apply({ callback: "event", event, step, state }, result);
  }

  /** Leaves a callback to be called next, in a run of its own: one after the other needs no stack. */
  #callNext(event: StatemEvent, step: Step | undefined): void {
    const run: Run = { callback: "event", event, step, state: this.#statem.state };
    this.#process.outcome = { run, value: undefined, settled: "not yet" } satisfies Outcome<Run>;
  }

  #call(event: StatemEvent): unknown {
    const statem = this.#statem;
    if (!this.#stateFunctions && statem.handleEvent !== undefined) return statem.handleEvent(event);
    if (this.#stateFunctions && !NO_STATES.has(statem.state)) {
      const stateFunction: unknown = (statem as unknown as Record<PropertyKey, unknown>)[
        statem.state as PropertyKey
      ];
      if (typeof stateFunction === "function") return stateFunction.call(statem, event);
    }
    throw runtimeError("ROOKERY_NO_CALLBACK", this.describe(), this.#callbackOf(statem.state), event);
  }

  #callbackOf(state: unknown): string {
    return this.#stateFunctions ? String(state) : "handleEvent";
  }

  /** A thrown value that is no error and no exit is a return: `throw` in a callback of gen_statem. */
  #catch(run: Run, thrown: unknown): void {
    const { pendingExit, state } = this.#process;
    if (pendingExit !== undefined || state === ProcessState.Exited) return;
    if (run.callback === "terminate") {
      const { ending } = run;
      this.#finish(thrown instanceof Error ? { ...ending, reason: reasonOfThrown(thrown) } : ending);
    } else if (thrown instanceof Error) {
      // A state whose enter call has failed was not entered.
      if (run.callback === "event" && run.step?.changed === true) this.#statem.state = run.step.oldState;
      this.#terminate(reasonOfThrown(thrown), this.#lastOf(run));
    } else {
      this.#apply(run, thrown);
    }
  }

  #apply(run: Run, result: unknown): void {
    if (isPromise(result)) return waitFor<Run>(this.#process, run, result);
    if (run.callback === "terminate") return this.#finish(run.ending);
    try {
      if (run.callback === "init") this.#applyInit(run, result);
      else this.#applyEvent(run, result);
    } catch (thrown) {
      // A reply that can't be sent.
      this.#catch(run, thrown);
    }
  }

  #applyInit(run: Run, result: unknown): void {
    const process = this.#process;
    const starting = process.starting!;
    if (result instanceof InitialState) {
      this.#statem.state = result.state;
      this.#statem.data = result.data;
      starting.succeeded();
      if (!this.#takeMode()) return;
      const step = new Step(undefined, result.state);
      if (this.#act(step, run, result.actions)) this.#advance(step, true);
    } else if (result instanceof Ignore) {
      process.starting = undefined;
      exitProcess(process, "normal");
      starting.failed("ignore");
    } else if (result instanceof Stop && !result.hasReply) {
      this.#finish({ reason: result.reason, last: this.#lastOf(run) });
    } else {
      const reason = this.#wrong("init", "init", ["bad_return_from_init", result]);
      this.#finish({ reason, last: this.#lastOf(run) });
    }
  }

  /** Asks for the callback mode, once the start is known to have succeeded: a wrong one is a crash, not a failed start. */
  #takeMode(): boolean {
    const last: LastMessage = { callback: "callbackMode", message: undefined };
    let result: unknown;
    try {
      result = this.#statem.callbackMode();
    } catch (thrown) {
      if (!this.#runnable) return false;
      if (thrown instanceof Error) {
        this.#terminate(reasonOfThrown(thrown), last);
        return false;
      }
      result = thrown;
    }
    const mode = completeCallbackMode(result);
    if (mode === undefined) {
      const reason = this.#wrong("callbackMode", "callbackMode", ["bad_return_from_callback_mode", result]);
      this.#terminate(reason, last);
      return false;
    }
    this.#stateFunctions = mode.stateFunctions;
    this.#stateEnter = mode.stateEnter;
    return this.#runnable;
  }

  #applyEvent(run: EventRun, result: unknown): void {
    if (result instanceof Transition) {
      this.#transit(run, result);
    } else if (result instanceof Stop && !result.hasReply) {
      this.#terminate(result.reason, this.#lastOf(run));
    } else if (result instanceof StopAndReply) {
      for (const action of asList(result.replies)) {
        if (!this.#reply(action))
          return this.#crash(run, "reply", ["bad_reply_action_from_state_function", action]);
      }
      this.#terminate(result.reason, this.#lastOf(run));
    } else {
      const reason = ["bad_return_from_state_function", result] as const;
      this.#crash(run, run.step === undefined ? "event" : "enter", reason);
    }
  }

  #transit(run: EventRun, result: Transition): void {
    const { kind, state, actions } = result;
    const statem = this.#statem;
    const changes = kind === "next" && !sameState(state, statem.state);
    if (changes && run.step !== undefined)
      return this.#crash(run, "enter", ["bad_state_enter_return_from_state_function", result]);
    const step = run.step ?? new Step(run.event as InsertableEvent, statem.state);
    if (changes) {
      statem.state = state;
      step.changed = true;
    }
    if (this.#act(step, run, actions)) this.#advance(step, changes || kind === "repeat");
  }

  /** Enters the state if that is to be done, else the step is over. */
  #advance(step: Step, enters: boolean): void {
    if (enters && this.#stateEnter) return this.#callNext({ type: "enter", oldState: step.oldState }, step);
    if (step.event !== undefined)
      this.#tellHandled(step.postpone ? "postpone" : "consume", step.event, step.oldState);
    this.#queue.settle(step);
    if (step.hibernate) hibernate(this.#process);
  }

  /** Does the actions that take effect at once, and notes the others in `step`; false if one was wrong. */
  #act(step: Step, run: Run, actions: StatemActions | undefined): boolean {
    if (actions === undefined) return true;
    const entering = run.callback === "event" && run.step !== undefined;
    for (const action of asList<unknown>(actions)) {
      if (typeof action === "number" && isTime(action, false)) {
        step.timeouts.push(new TimeoutAction("eventTimeout", undefined, action, action, false));
      } else if (action instanceof TimeoutAction && isTime(action.time, action.absolute)) {
        step.timeouts.push(action);
      } else if (action instanceof PlainAction && (!entering || action.action === "hibernate")) {
        step[action.action] = true;
      } else if (action instanceof NextEvent && !entering && isInsertable(action.event)) {
        step.inserted.push(action.event);
        this.#tellIn(action.event);
      } else if (!this.#reply(action)) {
        const misplaced = entering && (action === postpone || action instanceof NextEvent);
        const tag = misplaced
          ? "bad_state_enter_action_from_state_function"
          : "bad_action_from_state_function";
        this.#crash(run, entering ? "enterAction" : "eventAction", [tag, action]);
        return false;
      }
    }
    return true;
  }

  /** Answers a call; false if that is no reply to one. */
  #reply(action: unknown): boolean {
    if (!(action instanceof ReplyAction && isFrom(action.from))) return false;
    answerCall(action.from, action.value);
    if (this.#process.behaviour !== this) this.#tell(["out", action.value, action.from]);
    return true;
  }

  /** Ends the process for what the callback of `run` returned. */
  #crash(run: Run, forms: keyof typeof statemForms, reason: readonly [string, unknown]): void {
    const last = this.#lastOf(run);
    this.#terminate(this.#wrong(last.callback, forms, reason), last);
  }

  #wrong(callback: string, forms: keyof typeof statemForms, reason: readonly [string, unknown]): BadReturn {
    const lines = statemForms[forms].map((form) => `\n    ${form}`).join("");
    const code = reason[0].includes("action") ? "ROOKERY_BAD_ACTION" : "ROOKERY_BAD_RETURN";
    return new BadReturn(code, errorText(code, `${this.describe()}.${callback}`, lines, reason[1]), reason);
  }

  #lastOf(run: Run): LastMessage {
    if (run.callback === "event") {
      const { event, state } = run;
      const from = event.type === "call" ? event.from : undefined;
      return { callback: this.#callbackOf(state), message: event, from };
    }
    return { callback: run.callback, message: run.callback === "init" ? run.arg : undefined };
  }

  /** Ends the process in order: its `terminate`, the report, the exit. */
  #terminate(reason: ExitReason, last: LastMessage | undefined): void {
    const run: Run = { callback: "terminate", ending: { reason, last } };
    const statem = this.#statem;
    if (this.#process.starting !== undefined || statem.terminate === undefined)
      return this.#finish(run.ending);
    let result: unknown;
    try {
      result = statem.terminate(reason);
    } catch (thrown) {
      return this.#catch(run, thrown);
    }
    if (this.#process.state === ProcessState.Exited) abandon(result);
    else this.#apply(run, result);
  }

  #finish({ reason, last }: Ending): void {
    const process = this.#process;
    if (process.pendingExit !== undefined) return;
    if (!isOrderly(reason)) reportServerCrash(process, reason, last);
    else if (process.behaviour !== this) this.#tell(["terminate", reason, plainCopy(this.#statem.state)]);
    // The start has failed with what the starter can act on; a crash later has its stack.
    const { starting } = process;
    if (starting === undefined || !(reason instanceof BadReturn)) return exitProcess(process, reason);
    starting.badReturn = reason;
    exitProcess(process, reason.reason);
  }

  describe(): string {
    return this.#statem.constructor.name;
  }

  startTimer(timeout: Timeout, timeMs: number, absolute: boolean): Timer {
    return startStatemTimer(this.#process, timeout, timeMs, absolute);
  }

  stopTimer(timer: Timer): void {
    stopStatemTimer(this.#process, timer);
  }

  timeoutSet(action: TimeoutAction): void {
    if (this.#process.behaviour !== this) this.#tell(["start_timer", action, plainCopy(this.#statem.state)]);
  }

  timeoutOver(event: InsertableEvent): void {
    this.#tellIn(event);
  }

  /** To be called where `sys`, or a timer, stands in front of this behaviour: as a rule nobody does, and then it costs nothing. */
  #tell(event: StatemSystemEvent): void {
    debugOf(this.#process)?.handle(this.#process, event);
  }

  #tellIn(event: InsertableEvent): void {
    if (this.#process.behaviour !== this) this.#tell(["in", event, plainCopy(this.#statem.state)]);
  }

  #tellHandled(what: "consume" | "postpone", event: InsertableEvent, oldState: unknown): void {
    const { state } = this.#statem;
    if (this.#process.behaviour !== this) this.#tell([what, event, plainCopy(oldState), plainCopy(state)]);
  }

  waiting(): StatemWaiting {
    return this.#queue.waiting;
  }

  getState(): unknown {
    return [this.#statem.state, this.#statem.data];
  }

  setState(_process: Process, pair: unknown): void {
    expectPair(pair);
    [this.#statem.state, this.#statem.data] = pair;
  }

  changeInstance(process: Process, instance: unknown, pair: unknown): void {
    const statem = instance as GenStatem;
    expectPair(pair);
    const result: unknown = statem.callbackMode();
    const mode = completeCallbackMode(result);
    if (mode === undefined)
      throw this.#wrong("callbackMode", "callbackMode", ["bad_return_from_callback_mode", result]);
    this.#stateFunctions = mode.stateFunctions;
    this.#stateEnter = mode.stateEnter;
    this.#statem = statem;
    process.instance = statem;
    [statem.state, statem.data] = pair;
  }

  terminate(_process: Process, reason: unknown): void {
    this.#terminate(reason, undefined);
  }

  /** The timers of a GenStatem go on, whatever `sys` asks. */
  resume(): void {}
}

function expectPair(pair: unknown): asserts pair is [state: unknown, data: unknown] {
  if (!Array.isArray(pair) || pair.length !== 2)
    throw runtimeError("ROOKERY_BADARG", "the pair of state and data", pair);
}

function asList<Item>(items: Item | readonly Item[]): readonly Item[] {
  return Array.isArray(items) ? items : [items as Item];
}
