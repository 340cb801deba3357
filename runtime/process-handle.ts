import { type Body, bodyBehaviour } from "./body.ts";
import { answerCall, call, CALL_TIMEOUT_MS, type From } from "./call.ts";
import type { Dest, ViaName } from "./dest.ts";
import { DownMessage } from "./down-message.ts";
import { ExitError, errorText, runtimeError } from "./errors.ts";
import { exitProcess, sendExit } from "./exit-signal.ts";
import type { CallOf, CastOf, ReplyOf } from "./gen-server.ts";
import { hibernate } from "./hibernate.ts";
import { link, unlink } from "./link.ts";
import {
  cancelTimer,
  type CancelTimerOptions,
  cancelTimerWith,
  readTimer,
  startInterval,
  startMessageTimer,
  type TimerOptions,
} from "./message-timer.ts";
import { attachMonitor, detachMonitor, Monitor, watchedAs } from "./monitor.ts";
import { abcast, multiCall, type MultiCallResult } from "./multi-call.ts";
import { Pid } from "./pid.ts";
import type { Priority } from "./process.ts";
import { type Process, ProcessState } from "./process.ts";
import { PRIORITY_NAMES, processInfo } from "./process-info.ts";
import { type Match, receive, receiveRef, type RefMessage } from "./receive.ts";
import { Ref } from "./ref.ts";
import { checkResponse, receiveResponse, type RequestId, sendRequest, waitResponse } from "./request.ts";
import type { Runtime } from "./runtime.ts";
import type { MonitorOptions, Self } from "./self.ts";
import { cast, send } from "./send.ts";
import type { InitArg, ServerClass, ServerInstance } from "./server-class.ts";
import { startOrThrow, type StartOptions } from "./start.ts";
import { stopServer } from "./stop.ts";
import { resumeProcess, suspendProcess } from "./suspension.ts";

/** `Self`, over the record of a process. */
export class ProcessHandle implements Self {
  /** @internal */
  readonly process: Process;

  constructor(process: Process) {
    this.process = process;
  }

  get pid(): Pid {
    return this.process.pid;
  }

  get runtime(): Runtime {
    return this.process.shard.runtime;
  }

  get signal(): AbortSignal {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (this.#dead) abort();
    else (this.process.exitHooks ??= new Set()).add(abort);
    Object.defineProperty(this, "signal", { value: controller.signal });
    return controller.signal;
  }

  get #dead(): boolean {
    return this.process.state === ProcessState.Exited;
  }

  send(dest: Dest, message: unknown): void {
    if (!this.#dead) send(this.process.shard, dest, message);
  }

  receive(match?: Match | RefMessage, options?: { readonly timeoutMs: number }): Promise<never> {
    const timeoutMs = options === undefined ? Number.POSITIVE_INFINITY : options.timeoutMs;
    expectTimeout(timeoutMs);
    if (match === undefined || typeof match === "function")
      return receive(this.process, match, timeoutMs) as Promise<never>;
    if (!(match.ref instanceof Ref)) throw runtimeError("ROOKERY_BADARG", "a match, or { ref }", match);
    return receiveRef(this.process, match.ref, timeoutMs) as Promise<never>;
  }

  async sleep(ms: number): Promise<void> {
    expectTimeout(ms);
    await receive(this.process, () => false, ms);
  }

  spawn(body: Body): Pid {
    return this.#spawn(body).pid;
  }

  spawnLink(body: Body): Pid {
    const child = this.#spawn(body);
    child.parent = this.process.pid;
    if (!this.#dead) link(this.process, child.pid);
    return child.pid;
  }

  spawnMonitor(body: Body): { pid: Pid; ref: Ref } {
    const { pid } = this.#spawn(body);
    return { pid, ref: this.monitor(pid) };
  }

  #spawn(body: Body): Process {
    if (typeof body !== "function")
      throw runtimeError("ROOKERY_BADARG", "a function as the body of a process", body);
    const { shard } = this.process;
    const child = shard.create(bodyBehaviour, body, this.process);
    if (this.#dead) exitProcess(child, "killed");
    else shard.scheduler.schedule(child);
    return child;
  }

  link(pid: Pid): true {
    expectPid(pid);
    if (!this.#dead) link(this.process, pid);
    return true;
  }

  unlink(pid: Pid): true {
    expectPid(pid);
    unlink(this.process, pid);
    return true;
  }

  monitor(dest: Pid | string | ViaName, options?: MonitorOptions): Ref {
    const { process } = this;
    const monitor = new Monitor(process);
    if (this.#dead) return monitor;
    if (dest instanceof Ref) throw runtimeError("ROOKERY_BADARG", "a pid or a name", dest);
    const target = process.shard.find(dest);
    monitor.mark = process.mailbox.mark();
    if (options?.tag !== undefined) monitor.tag = options.tag;
    // Watching oneself is allowed and means nothing; its reference is no alias either.
    if (target === process) return monitor;
    if (options?.alias !== undefined) monitor.alias = options.alias;
    monitor.watched = watchedAs(dest, target, process.shard.runtime.node);
    if (target === undefined) monitor.down("noproc");
    else attachMonitor(monitor, target);
    return monitor;
  }

  demonitor(ref: Ref, options?: { flush?: boolean; info?: boolean }): boolean {
    if (!(ref instanceof Ref)) throw runtimeError("ROOKERY_BADARG", "a reference", ref);
    const { process } = this;
    const own = ref instanceof Monitor && ref.watcher === process;
    const wasActive = own && detachMonitor(ref);
    if (own && (ref.alias === "demonitor" || ref.alias === "reply_demonitor")) ref.alias = undefined;
    if (options?.flush === true && !wasActive) this.#flushDown(ref);
    return options?.info === true ? wasActive : true;
  }

  #flushDown(ref: Ref): void {
    const { mailbox } = this.process;
    for (let index = 0; index < mailbox.length; index += 1) {
      const message = mailbox.messageAt(index);
      if (message instanceof DownMessage && message.ref === ref) {
        mailbox.removeAt(index);
        mailbox.saved = 0;
        return;
      }
    }
  }

  alias(options?: { reply?: boolean }): Ref {
    const alias = new Monitor(this.process);
    if (this.#dead) return alias;
    alias.alias = options?.reply === true ? "reply" : "explicit_unalias";
    alias.mark = this.process.mailbox.mark();
    return alias;
  }

  unalias(ref: Ref): boolean {
    if (!(ref instanceof Monitor) || ref.watcher !== this.process || ref.alias === undefined) return false;
    ref.alias = undefined;
    return true;
  }

  exit(reason: unknown): never;
  exit(pid: Pid, reason: unknown): true;
  exit(...args: [reason: unknown] | [pid: Pid, reason: unknown]): true {
    if (args.length === 1) throw new ExitError("ROOKERY_EXIT", errorText("ROOKERY_EXIT", args[0]), args[0]);
    const [pid, reason] = args;
    expectPid(pid);
    const { process } = this;
    if (pid === process.pid) return this.#exitSelf(reason);
    const target = pid.process;
    if (target === undefined || this.#dead) return true;
    const { shard } = process;
    const acting = shard.acting;
    shard.acting = process;
    try {
      target.exit(process.pid, reason);
    } finally {
      shard.acting = acting;
    }
    return true;
  }

  /** The one signal that takes effect at once on code that is running: it unwinds it. */
  #exitSelf(reason: unknown): true {
    const { process } = this;
    if (process.trapExit && reason !== "kill") {
      sendExit(process.pid, process, reason);
      return true;
    }
    const exit = reason === "kill" ? "killed" : reason;
    exitProcess(process, exit);
    throw new ExitError("ROOKERY_EXIT", errorText("ROOKERY_EXIT", exit), exit);
  }

  trapExit(flag: boolean): boolean {
    const old = this.process.trapExit;
    this.process.trapExit = flag;
    return old;
  }

  register(name: string, pid: Pid = this.pid): void {
    if (!this.#dead) this.process.shard.names.register(name, pid);
  }

  unregister(name: string): void {
    if (!this.#dead) this.process.shard.names.unregister(name);
  }

  whereis(name: string | ViaName): Pid | undefined {
    return this.process.shard.find(name)?.pid;
  }

  sendAfter(ms: number, dest: Dest, message: unknown, options?: TimerOptions): Ref {
    return startMessageTimer(this.process.shard, ms, this.#orNobody(dest), message, false, options);
  }

  startTimer(ms: number, dest: Dest, message: unknown, options?: TimerOptions): Ref {
    return startMessageTimer(this.process.shard, ms, this.#orNobody(dest), message, true, options);
  }

  sendInterval(ms: number, dest: Dest, message: unknown): Ref {
    return startInterval(this.process.shard, ms, this.#orNobody(dest), message);
  }

  /** Where the message of the dead goes. */
  #orNobody(dest: Dest): Dest {
    return this.#dead ? this.pid : dest;
  }

  cancelTimer(ref: Ref, options?: CancelTimerOptions): never {
    return (options === undefined ? cancelTimer(ref) : cancelTimerWith(this.process, ref, options)) as never;
  }

  readTimer(ref: Ref): number | false {
    return readTimer(ref);
  }

  call<S>(dest: Dest<S>, request: CallOf<S>, timeoutMs: number = CALL_TIMEOUT_MS): Promise<ReplyOf<S>> {
    return call(this.process.shard, this.process, dest, request, timeoutMs) as Promise<ReplyOf<S>>;
  }

  sendRequest<S>(dest: Dest<S>, request: CallOf<S>): RequestId<ReplyOf<S>> {
    return sendRequest(this.process, dest, request) as RequestId<ReplyOf<S>>;
  }

  waitResponse(request: RequestId, timeoutMs: number = Number.POSITIVE_INFINITY): Promise<never> {
    expectTimeout(timeoutMs);
    return waitResponse(this.process, request, timeoutMs) as Promise<never>;
  }

  receiveResponse(request: RequestId, timeoutMs: number = Number.POSITIVE_INFINITY): Promise<never> {
    expectTimeout(timeoutMs);
    return receiveResponse(this.process, request, timeoutMs) as Promise<never>;
  }

  checkResponse(message: unknown, request: RequestId): never {
    return checkResponse(message, request) as never;
  }

  multiCall(
    nodes: readonly string[],
    name: string,
    request: unknown,
    timeoutMs: number = Number.POSITIVE_INFINITY,
  ): Promise<MultiCallResult> {
    return multiCall(this.process.shard, this.process, nodes, name, request, timeoutMs);
  }

  abcast(nodes: readonly string[], name: string, request: unknown): void {
    if (!this.#dead) abcast(this.process.shard, nodes, name, request);
  }

  cast<S>(dest: Dest<S>, request: CastOf<S>): void {
    if (!this.#dead) cast(this.process.shard, dest, request);
  }

  reply(from: From, value: unknown): void {
    if (!this.#dead) answerCall(from, value);
  }

  start<S extends ServerInstance>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions,
  ): Promise<Pid<S>> {
    return startOrThrow(this.process.shard, this.process, Server, arg, { ...options, linked: false });
  }

  startLink<S extends ServerInstance>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions,
  ): Promise<Pid<S>> {
    return startOrThrow(this.process.shard, this.process, Server, arg, { ...options, linked: true });
  }

  async startMonitor<S extends ServerInstance>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions,
  ): Promise<{ pid: Pid<S>; ref: Ref }> {
    const { process } = this;
    const ref = new Monitor(process);
    ref.mark = process.mailbox.mark();
    const bond = { ...options, linked: false, monitor: ref };
    return { pid: await startOrThrow(process.shard, process, Server, arg, bond), ref };
  }

  stop(dest: Dest, reason: unknown = "normal", timeoutMs: number = Number.POSITIVE_INFINITY): Promise<void> {
    return stopServer(this.process.shard, this.process, dest, reason, timeoutMs);
  }

  isAlive(pid: Pid): boolean {
    expectPid(pid);
    return pid.process !== undefined;
  }

  info(pid: Pid, items?: unknown): never {
    return processInfo(pid, items) as never;
  }

  get(key: unknown): unknown {
    return this.process.dictionary?.get(key);
  }

  put(key: unknown, value: unknown): unknown {
    const dictionary = (this.process.dictionary ??= new Map());
    const old = dictionary.get(key);
    dictionary.set(key, value);
    return old;
  }

  erase(key: unknown): unknown {
    const old = this.process.dictionary?.get(key);
    this.process.dictionary?.delete(key);
    return old;
  }

  setLabel(label: unknown): void {
    this.process.label = label;
  }

  suspendProcess(pid: Pid): true {
    expectPid(pid);
    if (!this.#dead) suspendProcess(this.process, pid);
    return true;
  }

  resumeProcess(pid: Pid): true {
    expectPid(pid);
    if (!this.#dead) resumeProcess(this.process, pid);
    return true;
  }

  hibernate(): void {
    hibernate(this.process);
  }

  setPriority(priority: "high" | "normal" | "low"): "high" | "normal" | "low" {
    const index = PRIORITY_NAMES.indexOf(priority);
    if (index < 0) throw runtimeError("ROOKERY_BADARG", "the priority high, normal or low", priority);
    const old = PRIORITY_NAMES[this.process.priority];
    this.process.priority = index as Priority;
    return old;
  }
}

function expectTimeout(ms: number): void {
  if (!(ms >= 0)) throw runtimeError("ROOKERY_BADARG", "a timeout of at least 0 ms, or Infinity", ms);
}

function expectPid(pid: unknown): asserts pid is Pid {
  if (!(pid instanceof Pid)) throw runtimeError("ROOKERY_BADARG", "a pid", pid);
}
