import { type Body, bodyBehaviour } from "./body.ts";
import { answerCall, call, CALL_TIMEOUT_MS, type From } from "./call.ts";
import type { Dest, ViaName } from "./dest.ts";
import { DownMessage } from "./down-message.ts";
import { ExitError, errorText, runtimeError } from "./errors.ts";
import { exitProcess, sendExit } from "./exit-signal.ts";
import type { CallOf, CastOf, ReplyOf } from "./gen-server.ts";
import { link, unlink } from "./link.ts";
import { attachMonitor, detachMonitor, Monitor } from "./monitor.ts";
import { Pid } from "./pid.ts";
import type { Priority } from "./process.ts";
import { type Process, ProcessState } from "./process.ts";
import { PRIORITY_NAMES, type ProcessInfo, processInfo } from "./process-info.ts";
import { type Match, receive } from "./receive.ts";
import { Ref } from "./ref.ts";
import type { Runtime } from "./runtime.ts";
import type { MonitorOptions, Self } from "./self.ts";
import { cancelTimer, cast, readTimer, send, startMessageTimer } from "./send.ts";
import type { InitArg, ServerClass, ServerInstance } from "./server-class.ts";
import { startOrThrow, type StartOptions } from "./start.ts";
import { stopServer } from "./stop.ts";

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

  receive(match?: Match, options?: { readonly timeoutMs: number }): Promise<never> {
    const timeoutMs = options === undefined ? Number.POSITIVE_INFINITY : options.timeoutMs;
    if (!(timeoutMs >= 0))
      throw runtimeError("ROOKERY_BADARG", "a timeout of at least 0 ms, or Infinity", timeoutMs);
    return receive(this.process, match, timeoutMs) as Promise<never>;
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
    const target = process.shard.find(dest);
    if (options?.tag !== undefined) monitor.tag = options.tag;
    // Watching oneself is allowed and means nothing; its reference is no alias either.
    if (target === process) return monitor;
    if (options?.alias !== undefined) monitor.alias = options.alias;
    if (typeof dest === "string") monitor.watched = { name: dest, node: process.shard.runtime.node };
    else if (dest instanceof Pid) monitor.watched = dest;
    else monitor.watched = target?.pid ?? { name: String(dest.key), node: process.shard.runtime.node };
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
    if (!this.#dead) alias.alias = options?.reply === true ? "reply" : "explicit_unalias";
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
      sendExit(process.pid, target, reason);
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

  sendAfter(ms: number, dest: Dest, message: unknown): Ref {
    return startMessageTimer(this.process.shard, ms, this.#orNobody(dest), message, false);
  }

  startTimer(ms: number, dest: Dest, message: unknown): Ref {
    return startMessageTimer(this.process.shard, ms, this.#orNobody(dest), message, true);
  }

  /** Where the message of the dead goes. */
  #orNobody(dest: Dest): Dest {
    return this.#dead ? this.pid : dest;
  }

  cancelTimer(ref: Ref): number | false {
    return cancelTimer(ref);
  }

  readTimer(ref: Ref): number | false {
    return readTimer(ref);
  }

  call<S>(dest: Dest<S>, request: CallOf<S>, timeoutMs: number = CALL_TIMEOUT_MS): Promise<ReplyOf<S>> {
    return call(this.process.shard, this.process, dest, request, timeoutMs) as Promise<ReplyOf<S>>;
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

  stop(dest: Dest, reason: unknown = "normal", timeoutMs: number = Number.POSITIVE_INFINITY): Promise<void> {
    return stopServer(this.process.shard, this.process, dest, reason, timeoutMs);
  }

  isAlive(pid: Pid): boolean {
    expectPid(pid);
    return pid.process !== undefined;
  }

  info(pid: Pid): ProcessInfo | undefined {
    expectPid(pid);
    return pid.process === undefined ? undefined : processInfo(pid.process);
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

  setPriority(priority: "high" | "normal" | "low"): "high" | "normal" | "low" {
    const index = PRIORITY_NAMES.indexOf(priority);
    if (index < 0) throw runtimeError("ROOKERY_BADARG", "the priority high, normal or low", priority);
    const old = PRIORITY_NAMES[this.process.priority];
    this.process.priority = index as Priority;
    return old;
  }
}

function expectPid(pid: unknown): asserts pid is Pid {
  if (!(pid instanceof Pid)) throw runtimeError("ROOKERY_BADARG", "a pid", pid);
}
