import type { Behaviour } from "./behaviour.ts";
import { type Body, bodyBehaviour } from "./body.ts";
import { PendingCall } from "./call.ts";
import { contextArrival } from "./context-arrival.ts";
import type { Dest } from "./dest.ts";
import { isOrderly } from "./exit-reason.ts";
import { onProcessExit } from "./exit-hook.ts";
import { genServerBehaviour } from "./gen-server-loop.ts";
import { GenStatemLoop } from "./gen-statem-loop.ts";
import { CAST, isCall, Traced } from "./message-tag.ts";
import { RemoteName } from "./nodes/remote-name.ts";
import type { Pid } from "./pid.ts";
import { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import { Shard } from "./shard.ts";
import { RemoteProcess } from "./shards/remote-process.ts";

/** A piece of work that processes do for each other. */
export interface TracedWork {
  /** `call` is the wait of who calls; the others are what is done with a message, and a task from its start to its end. */
  readonly kind: "call" | "handle_call" | "handle_cast" | "task";
  /** Who does it: the class of a server, or the name of a task's function. Of a call, who is called. */
  readonly name: string;
  /** The process in which it is done; undefined for a call from outside of any. */
  readonly pid: Pid | undefined;
}

/** A piece of work that has begun. */
export interface WorkSpan<Context> {
  /** In which its code runs. */
  readonly context: Context;
  /** It is over; `failure` is why it failed. */
  end(failure?: unknown): void;
}

/** Who follows messages: what a context is, and what becomes of a piece of work, is its own business. */
export interface MessageTracer<Context extends object> {
  /** The context of the code that is running, if it belongs to a trace. */
  current(): Context | undefined;
  /** Runs `work`, and what it goes on with after an await, in `context`; without one, outside of any trace. */
  within<Value>(context: Context | undefined, work: () => Value): Value;
  begin(work: TracedWork, parent: Context): WorkSpan<Context>;
  /** What can be sent to another shard or node. */
  written(context: Context): unknown;
  /** What `written` has made there; undefined for anything else. */
  read(context: unknown): Context | undefined;
}

type Turn = Behaviour["turn"];

/** What stands in the place of a method of ours until it is ended. */
class Detour<Owner extends object, Key extends keyof Owner> {
  readonly #owner: Owner;
  readonly #key: Key;
  readonly #own: Owner[Key];

  constructor(owner: Owner, key: Key, around: (own: Owner[Key]) => Owner[Key]) {
    this.#owner = owner;
    this.#key = key;
    this.#own = owner[key];
    owner[key] = around(this.#own);
  }

  end(): void {
    this.#owner[this.#key] = this.#own;
  }
}

let isTracing = false;

/**
 * Follows messages on this thread from now on: what is called, cast or sent to a server while a trace is going on is handled in that
 * trace, also on another shard or node that follows messages, and so is what a process that is started begins with. A plain process has one
 * context for ever, that of its start: what it receives can't change the context of code that has begun. Timers carry none.
 *
 * Nothing of this is in the way of a message otherwise: it takes the place of a few methods, and leaves it when the function that
 * it answers is called. One at a time.
 */
export function traceMessages<Context extends object>(tracer: MessageTracer<Context>): () => void {
  if (isTracing) return () => {};
  isTracing = true;
  const detours = [...sendingDetours(tracer), ...handlingDetours(tracer)];
  return () => {
    if (!isTracing) return;
    isTracing = false;
    contextArrival.came = undefined;
    contextArrival.around = undefined;
    for (const detour of detours) detour.end();
  };
}

function sendingDetours<Context extends object>(tracer: MessageTracer<Context>): { end(): void }[] {
  /** What has come from elsewhere, ahead of the message to which it belongs. */
  const arrived = new WeakMap<Process, Context>();
  let isExchanging = false;
  contextArrival.came = (to, written) => {
    if (to === undefined) return;
    const context = tracer.read(written);
    if (context === undefined) arrived.delete(to);
    else arrived.set(to, context);
  };
  contextArrival.around = (exchange) =>
    tracer.within(undefined, () => {
      isExchanging = true;
      try {
        return exchange();
      } finally {
        isExchanging = false;
      }
    });
  const contextFor = (to: Process): Context | undefined => {
    const current = tracer.current();
    if (!isExchanging || current !== undefined) return current;
    const context = arrived.get(to);
    if (context !== undefined) arrived.delete(to);
    return context;
  };
  return [
    new Detour(
      Process.prototype,
      "deliverFrozen",
      (own) =>
        function (this: Process, tag, message) {
          const context = contextFor(this);
          // Only servers handle one message after another, each in its own context.
          const isServer = this.behaviour.system !== undefined;
          own.call(this, context === undefined || !isServer ? tag : new Traced(tag, context), message);
        },
    ),
    new Detour(
      RemoteProcess.prototype,
      "deliverFrozen",
      (own) =>
        function (this: RemoteProcess, tag, message) {
          const context = tracer.current();
          if (context !== undefined) this.peer.sendContext(this.pid.id, tracer.written(context));
          try {
            own.call(this, tag, message);
          } catch (error) {
            if (context !== undefined) this.peer.sendContext(this.pid.id, undefined);
            throw error;
          }
        },
    ),
    new Detour(
      RemoteName.prototype,
      "deliverFrozen",
      (own) =>
        function (this: RemoteName, tag, message) {
          const context = tracer.current();
          if (context !== undefined) this.deliverContext(tracer.written(context));
          own.call(this, tag, message);
        },
    ),
    new Detour(
      PendingCall.prototype,
      "deliverTo",
      (own) =>
        function (this: PendingCall, server) {
          const parent = tracer.current();
          // The reply to a request is a message: nobody waits.
          if (parent === undefined || this.waiter === undefined) return own.call(this, server);
          const name = calledName(this.dest, server);
          const span = tracer.begin({ kind: "call", name, pid: this.watcher?.pid }, parent);
          const { waiter } = this;
          this.waiter = {
            resolve(value) {
              span.end();
              waiter.resolve(value);
            },
            reject(error) {
              span.end(error);
              waiter.reject(error);
            },
          };
          tracer.within(span.context, () => own.call(this, server));
        },
    ),
  ];
}

function handlingDetours<Context extends object>(tracer: MessageTracer<Context>): { end(): void }[] {
  const startedIn = new WeakMap<Process, Context>();
  const handled = new HandledMessages(tracer, startedIn);
  const around = (own: Turn): Turn =>
    function (this: Behaviour, process, budget) {
      return handled.turn(this, own, process, budget);
    };
  return [
    new Detour(
      Shard.prototype,
      "create",
      (own) =>
        function (this: Shard, behaviour, instance, spawner) {
          const process = own.call(this, behaviour, instance, spawner);
          const context = tracer.current();
          if (context !== undefined) startedIn.set(process, context);
          return process;
        },
    ),
    new Detour(genServerBehaviour, "turn", around),
    new Detour(GenStatemLoop.prototype as Behaviour, "turn", around),
    new Detour(
      bodyBehaviour,
      "turn",
      (own) =>
        function (this: Behaviour, process, budget) {
          return handled.body(this, own, process, budget);
        },
    ),
  ];
}

/** Runs the turns of processes a message at a time, each in the context that it came with. */
class HandledMessages<Context extends object> {
  readonly #tracer: MessageTracer<Context>;
  readonly #startedIn: WeakMap<Process, Context>;
  /** What asynchronous callbacks are doing. */
  readonly #open = new WeakMap<Process, WorkSpan<Context>>();

  constructor(tracer: MessageTracer<Context>, startedIn: WeakMap<Process, Context>) {
    this.#tracer = tracer;
    this.#startedIn = startedIn;
  }

  /** Outside of any trace, but for the messages that belong to one: who asked for the slice may be in one. */
  turn(behaviour: Behaviour, own: Turn, process: Process, budget: number): number {
    return this.#tracer.within(undefined, () => this.#steps(behaviour, own, process, budget));
  }

  #steps(behaviour: Behaviour, own: Turn, process: Process, budget: number): number {
    const step = (): number => own.call(behaviour, process, 1);
    let taken = 0;
    while (
      taken < budget &&
      process.shard.scheduler.mayTake(taken) &&
      process.state === ProcessState.Running &&
      process.pendingExit === undefined
    ) {
      const one = this.#step(process, step);
      if (one === 0) break;
      taken += one;
    }
    return taken;
  }

  #step(process: Process, own: () => number): number {
    if (process.outcome !== undefined) {
      const span = this.#open.get(process);
      if (span === undefined) return own();
      const taken = this.#tracer.within(span.context, own);
      this.#settle(process, span);
      return taken;
    }
    if (process.starting !== undefined) return this.#tracer.within(this.#startedIn.get(process), own);
    const tag = process.mailbox.length === 0 ? undefined : process.mailbox.headTag();
    if (!(tag instanceof Traced)) return own();
    process.mailbox.retagHead(tag.tag);
    const context = tag.context as Context;
    const kind = handledAs(tag.tag);
    if (kind === undefined) return this.#tracer.within(context, own);
    const { pid } = process;
    const span = this.#followed(pid, { kind, name: process.behaviour.describe(process), pid }, context);
    const taken = this.#tracer.within(span.context, own);
    this.#settle(process, span);
    return taken;
  }

  /** A span that also ends with its process. */
  #followed(pid: Pid, work: TracedWork, parent: Context): WorkSpan<Context> {
    const { context, end } = this.#tracer.begin(work, parent);
    const unhook = onProcessExit(pid, (reason) => end(isOrderly(reason) ? undefined : reason));
    const ended = (failure?: unknown): void => {
      unhook();
      end(failure);
    };
    return { context, end: ended };
  }

  /** The callback is done, or waits, or has ended its process, which has ended the span. */
  #settle(process: Process, span: WorkSpan<Context>): void {
    if (process.state === ProcessState.Exited || process.pendingExit !== undefined) return;
    if (process.state === ProcessState.Running) {
      this.#open.delete(process);
      span.end();
    } else {
      this.#open.set(process, span);
    }
  }

  body(behaviour: Behaviour, own: Turn, process: Process, budget: number): number {
    const context = this.#startedIn.get(process);
    const run = (): number => own.call(behaviour, process, budget);
    const body = process.instance as Body;
    if (context === undefined || body.task === undefined) return this.#tracer.within(context, run);
    const work: TracedWork = { kind: "task", name: body.task.name, pid: process.pid };
    return this.#tracer.within(this.#followed(process.pid, work, context).context, run);
  }
}

function handledAs(tag: unknown): "handle_call" | "handle_cast" | undefined {
  if (tag === CAST) return "handle_cast";
  return isCall(tag) ? "handle_call" : undefined;
}

/** The class of the server where that is known here; else the name by which it was called. */
function calledName(dest: Dest, server: unknown): string {
  if (server instanceof Process) return server.behaviour.describe(server);
  return typeof dest === "string" ? dest : "GenServer";
}
