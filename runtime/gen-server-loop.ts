import { abandon, isPromise, type Outcome, Wait, waitFor } from "./async-outcome.ts";
import { BadReturn } from "./bad-return.ts";
import type { Behaviour, SystemEvent } from "./behaviour.ts";
import { answerCall, type From } from "./call.ts";
import { type LastMessage, reportServerCrash } from "./crash-report.ts";
import { brief, errorText, runtimeError } from "./errors.ts";
import { ExitMessage } from "./exit-message.ts";
import { type ExitReason, isOrderly, reasonOfThrown } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import type { GenServer } from "./gen-server.ts";
import { hibernate } from "./hibernate.ts";
import { asMessage, CAST, IDLE_TIMEOUT, STOP, SYSTEM } from "./message-tag.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import { type Action, ACTION_FORMS, Ignore, isActionOrNone, NoReply, Ok, Reply, Stop } from "./returns.ts";
import type { SystemCall } from "./system-call.ts";
import { serveSystem, tellReply } from "./system-mode.ts";
import { Timer } from "./timer-wheel.ts";

// Own constants: see ProcessState.
const { Running: RUNNING, Exited: EXITED } = ProcessState;
type Callback = "init" | "handleContinue" | "handleCall" | "handleCast" | "handleInfo" | "terminate";

const VALID_RETURNS: Record<Callback, readonly string[]> = {
  init: ["ok(state)", "ok(state, action)", "ignore", "stop(reason)"],
  handleContinue: ["noReply()", "noReply(action)", "stop(reason)"],
  handleCall: [
    "reply(value)",
    "reply(value, action)",
    "noReply()",
    "noReply(action)",
    "stop(reason)",
    "stop(reason, value)",
  ],
  handleCast: ["noReply()", "noReply(action)", "stop(reason)"],
  handleInfo: ["noReply()", "noReply(action)", "stop(reason)"],
  terminate: [],
};

/** One run of a callback: which, and with what. */
interface Run {
  readonly callback: Callback;
  readonly message: unknown;
  readonly from: From | undefined;
  /** For what it waits, if that is no promise. */
  readonly wait: Wait<unknown, unknown> | undefined;
}

type Invocable = Exclude<Callback, "terminate">;

/** What is left to do once `terminate` is done. */
interface Ending {
  readonly reason: ExitReason;
  readonly last: LastMessage | undefined;
  readonly from: From | undefined;
  readonly reply: unknown;
}

class IdleTimer extends Timer {
  readonly ms: number;
  readonly #process: Process;

  constructor(process: Process, ms: number) {
    super();
    this.ms = ms;
    this.#process = process;
  }

  fire(): void {
    const process = this.#process;
    // A message that has come in the meantime, though not handled yet, was first.
    if (process.mailbox.length > 0) return;
    process.idleTimer = undefined;
    process.deliver(IDLE_TIMEOUT, undefined);
  }
}

/** Runs GenServers: takes their messages, calls their callbacks, does what these return. */
export const genServerBehaviour: Behaviour = {
  turn(process: Process, budget: number): number {
    const { mailbox } = process;
    const { scheduler } = process.shard;
    let taken = 0;
    while (
      taken < budget &&
      scheduler.mayTake(taken) &&
      process.state === RUNNING &&
      process.pendingExit === undefined
    ) {
      if (process.outcome !== undefined) {
        const outcome = process.outcome as Outcome<Run>;
        const { run, value, settled } = outcome;
        process.outcome = undefined;
        if (run.wait !== undefined) goOn(process, run.wait, outcome);
        else if (settled === "not yet") invoke(process, run.callback as Invocable, run.message, undefined);
        else if (settled === "rejected") catchThrown(process, run.callback, run.message, run.from, value);
        else apply(process, run.callback, run.message, run.from, value);
      } else if (process.starting !== undefined) {
        invoke(process, "init", process.starting.arg, undefined);
      } else if (mailbox.length > 0) {
        const tag = mailbox.headTag();
        handle(process, tag, mailbox.shift());
      } else {
        break;
      }
      taken += 1;
    }
    return taken;
  },

  describe(process: Process): string {
    return (process.instance as GenServer | undefined)?.constructor.name || "GenServer";
  },

  system: {
    module: "GenServer",
    getState: (process) => (process.instance as GenServer).state,
    setState: (process, state) => void ((process.instance as GenServer).state = state),
    changeInstance: (process, instance, state) => {
      (instance as GenServer).state = state;
      process.instance = instance;
    },
    terminate: (process, reason) => terminate(process, reason, undefined, undefined, undefined),
    nextEvent,
    resume: restartIdleTimer,
  },
};

function nextEvent(process: Process): SystemEvent | undefined {
  const outcome = process.outcome as Outcome<Run> | undefined;
  if (outcome !== undefined)
    return outcome.settled === "not yet" ? ["continue", outcome.run.message] : undefined;
  const { mailbox } = process;
  if (mailbox.length === 0) return undefined;
  const tag = mailbox.headTag();
  const message = mailbox.messageAt(0);
  if (tag === SYSTEM || tag === STOP || (tag === undefined && isParentExit(process, message)))
    return undefined;
  return ["in", asMessage(tag, message)];
}

/** Only a process that traps exits finds it in its mailbox. Not a message for the callbacks: the parent wants it to end. */
function isParentExit(process: Process, message: unknown): message is ExitMessage {
  return message instanceof ExitMessage && message.pid === process.parent;
}

function handle(process: Process, tag: unknown, message: unknown): void {
  if (process.idleTimer !== undefined && tag !== SYSTEM) stopIdleTimer(process);
  if (tag === undefined) {
    if (isParentExit(process, message)) terminate(process, message.reason, undefined, undefined, undefined);
    else invoke(process, "handleInfo", message, undefined);
  } else if (typeof tag === "object") {
    invoke(process, "handleCall", message, tag as From);
  } else if (tag === CAST) {
    invoke(process, "handleCast", message, undefined);
  } else if (tag === STOP) {
    terminate(process, message, undefined, undefined, undefined);
  } else if (tag === SYSTEM) {
    serveSystem(process, message as SystemCall);
  } else {
    invoke(process, "handleInfo", "timeout", undefined);
  }
}

function invoke(process: Process, callback: Invocable, message: unknown, from: From | undefined): void {
  const server = process.instance as GenServer;
  let result: unknown;
  try {
    if (callback === "handleCast" && server.handleCast !== undefined) result = server.handleCast(message);
    else if (callback === "handleCall" && server.handleCall !== undefined)
      result = server.handleCall(message, from!);
    else if (callback === "handleInfo" && server.handleInfo !== undefined)
      result = server.handleInfo(message);
    else if (callback === "init") result = server.init(message as never);
    else if (callback === "handleContinue" && server.handleContinue !== undefined)
      result = server.handleContinue(message);
    else return withoutCallback(process, callback, message, from);
  } catch (thrown) {
    return catchThrown(process, callback, message, from, thrown);
  }
  // A server that has sent itself a deadly exit is dead, also when its code caught what unwound it.
  if (process.state === EXITED) return abandon(result);
  // What most casts and messages come to, first.
  if (result instanceof NoReply && result.action === undefined && callback !== "init") return;
  apply(process, callback, message, from, result);
}

/** A callback that waited goes on. */
function goOn(process: Process, wait: Wait<unknown, unknown>, outcome: Outcome<Run>): void {
  const { callback, message, from } = outcome.run;
  let result: unknown;
  try {
    result = wait.goOn(outcome);
  } catch (thrown) {
    return catchThrown(process, callback, message, from, thrown);
  }
  if (process.state === EXITED) return abandon(result);
  apply(process, callback, message, from, result);
}

/** As Elixir's defaults: an unexpected message is reported and dropped, an unexpected request is a crash. */
function withoutCallback(
  process: Process,
  callback: Callback,
  message: unknown,
  from: From | undefined,
): void {
  const who = process.name ?? process.pid;
  if (callback === "handleInfo") {
    process.shard.logger.error(
      { pid: String(process.pid), name: process.name, message: brief(message) },
      `${genServerBehaviour.describe(process)} ${who} has no handleInfo: a message was dropped`,
    );
    return;
  }
  const error = runtimeError("ROOKERY_NO_CALLBACK", genServerBehaviour.describe(process), callback, message);
  terminate(process, error, { callback, message, from }, undefined, undefined);
}

/** A thrown value that is no error and no exit is a return: `throw` in a gen_server's callback. */
function catchThrown(
  process: Process,
  callback: Callback,
  message: unknown,
  from: From | undefined,
  thrown: unknown,
): void {
  if (process.pendingExit !== undefined || process.state === EXITED) return;
  if (callback === "terminate") {
    const ending = message as Ending;
    finish(process, thrown instanceof Error ? { ...ending, reason: reasonOfThrown(thrown) } : ending);
  } else if (thrown instanceof Error) {
    terminate(process, reasonOfThrown(thrown), { callback, message, from }, undefined, undefined);
  } else {
    apply(process, callback, message, from, thrown, true);
  }
}

function apply(
  process: Process,
  callback: Callback,
  message: unknown,
  from: From | undefined,
  result: unknown,
  wasThrown = false,
): void {
  if (isPromise(result)) {
    waitFor<Run>(process, { callback, message, from, wait: undefined }, result);
  } else if (result instanceof Wait) {
    result.begin<Run>(process, { callback, message, from, wait: result });
  } else if (callback === "terminate") {
    finish(process, message as Ending);
  } else if (callback === "init") {
    applyInit(process, message, result, wasThrown);
  } else if (result instanceof NoReply && isActionOrNone(result.action)) {
    if (result.action !== undefined) act(process, result.action);
  } else if (result instanceof Reply && callback === "handleCall" && isActionOrNone(result.action)) {
    try {
      answerCall(from!, result.value);
    } catch (error) {
      // A reply that can't be sent is the failure of the server.
      return terminate(process, reasonOfThrown(error), { callback, message, from }, undefined, undefined);
    }
    tellReply(process, from!, result.value);
    if (result.action !== undefined) act(process, result.action);
  } else if (result instanceof Stop && (!result.hasReply || callback === "handleCall")) {
    terminate(
      process,
      result.reason,
      { callback, message, from },
      result.hasReply ? from : undefined,
      result.reply,
    );
  } else {
    const last = { callback, message, from };
    terminate(process, badReturn(process, callback, result, wasThrown), last, undefined, undefined);
  }
}

function applyInit(process: Process, arg: unknown, result: unknown, wasThrown: boolean): void {
  const starting = process.starting!;
  if (result instanceof Ok && isActionOrNone(result.action)) {
    (process.instance as GenServer).state = result.state;
    starting.succeeded();
    if (result.action !== undefined) act(process, result.action);
  } else if (result instanceof Ignore) {
    process.starting = undefined;
    exitProcess(process, "normal");
    starting.failed("ignore");
  } else if (result instanceof Stop && !result.hasReply) {
    finish(process, {
      reason: result.reason,
      last: { callback: "init", message: arg },
      from: undefined,
      reply: undefined,
    });
  } else {
    const reason = badReturn(process, "init", result, wasThrown);
    finish(process, { reason, last: { callback: "init", message: arg }, from: undefined, reply: undefined });
  }
}

/** The reason of a wrong return, after saying which returns are right. */
function badReturn(process: Process, callback: Callback, result: unknown, wasThrown: boolean): ExitReason {
  const forms = VALID_RETURNS[callback].map((form) => `\n    ${form}`).join("");
  const lines = `${forms}\n  where action is one of ${ACTION_FORMS}`;
  const text = errorText(
    "ROOKERY_BAD_RETURN",
    `${genServerBehaviour.describe(process)}.${callback}`,
    lines,
    result,
  );
  const how = wasThrown ? " (thrown: what is no Error counts as returned)" : "";
  return new BadReturn("ROOKERY_BAD_RETURN", text + how, ["bad_return_value", result]);
}

function act(process: Process, action: Action): void {
  if ("continue" in action) {
    const run: Run = {
      callback: "handleContinue",
      message: action.continue,
      from: undefined,
      wait: undefined,
    };
    process.outcome = { run, value: undefined, settled: "not yet" } satisfies Outcome<Run>;
  } else if ("timeoutMs" in action) {
    if (action.timeoutMs === Number.POSITIVE_INFINITY) return;
    startIdleTimer(process, new IdleTimer(process, action.timeoutMs));
  } else if ("hibernate" in action) {
    hibernate(process);
  }
}

function startIdleTimer(process: Process, timer: IdleTimer): void {
  process.idleTimer = timer;
  if (timer.ms > 0) {
    process.shard.timers.start(timer, timer.ms);
  } else if (process.mailbox.length === 0) {
    process.idleTimer = undefined;
    process.mailbox.push(IDLE_TIMEOUT, undefined);
  }
}

/** Requests of `sys` don't count as messages, but the time begins anew. */
function restartIdleTimer(process: Process): void {
  const timer = process.idleTimer;
  if (timer === undefined) return;
  process.shard.timers.stop(timer);
  startIdleTimer(process, timer as IdleTimer);
}

function stopIdleTimer(process: Process): void {
  process.shard.timers.stop(process.idleTimer!);
  process.idleTimer = undefined;
}

/** Ends a server in order: its `terminate`, the reply it still owes, the report, the exit. */
function terminate(
  process: Process,
  reason: ExitReason,
  last: LastMessage | undefined,
  from: From | undefined,
  reply: unknown,
): void {
  const exit = reason instanceof BadReturn ? reason.reason : reason;
  const server = process.instance as GenServer;
  const ending: Ending = { reason, last, from, reply };
  if (process.starting !== undefined || server.terminate === undefined) return finish(process, ending);
  let result: unknown;
  try {
    result = server.terminate(exit);
  } catch (thrown) {
    return catchThrown(process, "terminate", ending, undefined, thrown);
  }
  if (process.state === EXITED) abandon(result);
  else apply(process, "terminate", ending, undefined, result);
}

function finish(process: Process, ending: Ending): void {
  if (process.pendingExit !== undefined) return;
  const { last, from, reply } = ending;
  let { reason } = ending;
  if (from !== undefined) {
    try {
      answerCall(from, reply);
      tellReply(process, from, reply);
    } catch (error) {
      reason = reasonOfThrown(error);
    }
  }
  if (!isOrderly(reason)) reportServerCrash(process, reason, last);
  if (process.starting !== undefined && reason instanceof BadReturn) process.starting.badReturn = reason;
  exitProcess(process, reason instanceof BadReturn ? reason.reason : reason);
}
