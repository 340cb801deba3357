import { expectBoolean, expectFlags, expectOptions, expectPid, expectTimeout } from "./argument.ts";
import { type Body, bodyBehaviour } from "./body.ts";
import { answerCall, call, CALL_TIMEOUT_MS, type From } from "./call.ts";
import type { Dest, PidOf, ServerOf, ViaName } from "./dest.ts";
import { DownMessage } from "./down-message.ts";
import { ExitError, errorText, runtimeError } from "./errors.ts";
import { exitProcess, sendExit } from "./exit-signal.ts";
import { withItem } from "./few.ts";
import type { CallOf, CastOf, InfoOf, ReplyOf, RequestTo } from "./gen-server.ts";
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
import { absenceOf } from "./nodes/absence.ts";
import type { NodeMessage } from "./nodes/node-monitors.ts";
import { expectNode, type NodeName } from "./nodes/node-name.ts";
import type { Pid } from "./pid.ts";
import type { Priority, Process } from "./process.ts";
import { ProcessDictionary } from "./process-dictionary.ts";
import { dictionaryOf, PRIORITY_NAMES, processInfo } from "./process-info.ts";
import { ProcessState } from "./process-state.ts";
import { type Match, receive, receiveRef, type RefMessage } from "./receive.ts";
import { Ref } from "./ref.ts";
import { checkResponse, receiveResponse, type RequestId, sendRequest, waitResponse } from "./request.ts";
import type { Runtime } from "./runtime.ts";
import type { MonitorOptions, Self } from "./self.ts";
import { cast, send } from "./send.ts";
import type { InitArg, ServerClass, ServerInstance } from "./server-class.ts";
import type { Peer } from "./shards/peer.ts";
import { RemoteRef } from "./shards/remote-ref.ts";
import { LINKED, startOrThrow, type StartOptions, UNLINKED } from "./start.ts";
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
    if (this.#isDead()) abort();
    else this.process.exitHooks = withItem(this.process.exitHooks, abort);
    Object.defineProperty(this, "signal", { value: controller.signal });
    return controller.signal;
  }

  // A method, for V8 calls into its runtime for each private getter.
  #isDead(): boolean {
    return this.process.state === ProcessState.Exited;
  }

  send<D extends Dest>(dest: D, message: InfoOf<ServerOf<D>>): void {
    if (this.#isDead()) return;
    const { shard } = this.process;
    send(shard, dest, message);
    if (shard.behind !== undefined) this.#sentTo(shard.behind, dest);
  }

  /** What was sent from asynchronous code, which has no turn, and to a shard that is behind, is known here only. */
  #sentTo(behind: Peer, dest: Dest): void {
    const to = dest instanceof RemoteRef ? dest.peer.number : this.process.shard.find(dest)?.pid.shard;
    if (to === behind.number) behind.hold(this.process);
  }

  receive(match?: Match | RefMessage, options?: { readonly timeoutMs: number }): Promise<never> {
    const timeoutMs = options === undefined ? Number.POSITIVE_INFINITY : receiveTimeout(options);
    if (match === undefined || typeof match === "function")
      return receive(this.process, match, timeoutMs) as Promise<never>;
    if (!(match?.ref instanceof Ref)) throw runtimeError("ROOKERY_BADARG", "a match, or { ref }", match);
    return receiveRef(this.process, match.ref, timeoutMs) as Promise<never>;
  }

  async sleep(ms: number): Promise<void> {
    expectTimeout(ms);
    await receive(this.process, () => false, ms);
  }

  monitorShards(flag: boolean): void {
    expectBoolean("as the flag", flag);
    if (!this.#isDead()) this.process.shard.interconnect?.watchShards(this.process.pid, flag);
  }

  monitorNode(node: string, flag: boolean): true {
    expectNode(node);
    expectBoolean("as the flag", flag);
    if (this.#isDead()) return true;
    const { shard, pid } = this.process;
    const nodes = shard.outside?.nodes;
    // There is nobody who could ever tell of it.
    if (nodes === undefined && flag && node !== shard.runtime.node)
      this.process.deliver(undefined, { type: "nodedown", node } satisfies NodeMessage);
    nodes?.monitors.watchNode(pid, node, flag, node === shard.runtime.node || nodes.isUp(node));
    return true;
  }

  monitorNodes(flag: boolean): void {
    expectBoolean("as the flag", flag);
    const { shard, pid } = this.process;
    if (!this.#isDead()) shard.outside?.nodes?.monitors.watchNodes(pid, flag);
  }

  spawn(body: Body): Pid {
    return this.#spawn(body).pid;
  }

  spawnLink(body: Body): Pid {
    const child = this.#spawn(body);
    child.parent = this.process.pid;
    if (!this.#isDead()) link(this.process, child.pid);
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
    if (this.#isDead()) exitProcess(child, "killed");
    else shard.scheduler.schedule(child);
    return child;
  }

  link(pid: Pid): true {
    expectPid(pid);
    if (!this.#isDead()) link(this.process, pid);
    return true;
  }

  unlink(pid: Pid): true {
    expectPid(pid);
    unlink(this.process, pid);
    return true;
  }

  monitor(dest: Pid | string | ViaName | NodeName, options?: MonitorOptions): Ref {
    const { process } = this;
    if (options !== undefined) checkMonitorOptions(options);
    const monitor = new Monitor(process);
    if (this.#isDead()) return monitor;
    if (dest instanceof Ref) throw runtimeError("ROOKERY_BADARG", "a pid or a name", dest);
    const target = process.shard.find(dest);
    monitor.mark = process.mailbox.mark();
    if (options?.tag !== undefined) monitor.tag = options.tag;
    // Watching oneself is allowed and means nothing; its reference is no alias either.
    if (target === process) return monitor;
    if (options?.alias !== undefined) monitor.alias = options.alias;
    monitor.watched = watchedAs(dest, target, process.shard.runtime.node);
    if (target === undefined) monitor.down(absenceOf(process.shard, dest));
    else attachMonitor(monitor, target);
    return monitor;
  }

  demonitor(ref: Ref, options?: { flush?: boolean; info?: boolean }): boolean {
    expectRef(ref);
    if (options !== undefined) expectFlags("demonitor", ["flush", "info"], options);
    const { process } = this;
    const own = ref instanceof Monitor && ref.watcher === process;
    const wasActive = own && detachMonitor(ref);
    if (wasActive) ref.abandoned();
    if (own && (ref.alias === "demonitor" || ref.alias === "reply_demonitor")) ref.endAlias();
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
    if (options !== undefined) expectFlags("an alias", ["reply"], options);
    const alias = new Monitor(this.process);
    if (this.#isDead()) return alias;
    alias.alias = options?.reply === true ? "reply" : "explicit_unalias";
    alias.mark = this.process.mailbox.mark();
    return alias;
  }

  unalias(ref: Ref): boolean {
    expectRef(ref);
    if (!(ref instanceof Monitor) || ref.watcher !== this.process || ref.alias === undefined) return false;
    ref.endAlias();
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
    if (target === undefined || this.#isDead()) return true;
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
    expectBoolean("for trapExit", flag);
    const old = this.process.trapExit;
    this.process.trapExit = flag;
    return old;
  }

  register(name: string, pid: Pid = this.pid): void {
    if (!this.#isDead()) this.process.shard.names.register(name, pid);
  }

  unregister(name: string): void {
    if (!this.#isDead()) this.process.shard.names.unregister(name);
  }

  whereis<Name extends string | ViaName>(name: Name): PidOf<Name> | undefined {
    return this.process.shard.find(name)?.pid as PidOf<Name> | undefined;
  }

  sendAfter<D extends Dest>(ms: number, dest: D, message: InfoOf<ServerOf<D>>, options?: TimerOptions): Ref {
    return startMessageTimer(this.process.shard, ms, this.#orNobody(dest), message, false, options);
  }

  startTimer(ms: number, dest: Dest, message: unknown, options?: TimerOptions): Ref {
    return startMessageTimer(this.process.shard, ms, this.#orNobody(dest), message, true, options);
  }

  sendInterval<D extends Dest>(ms: number, dest: D, message: InfoOf<ServerOf<D>>): Ref {
    return startInterval(this.process.shard, ms, this.#orNobody(dest), message);
  }

  /** Where the message of the dead goes. */
  #orNobody(dest: Dest): Dest {
    return this.#isDead() ? this.pid : dest;
  }

  cancelTimer(ref: Ref, options?: CancelTimerOptions): never {
    return (options === undefined ? cancelTimer(ref) : cancelTimerWith(this.process, ref, options)) as never;
  }

  readTimer(ref: Ref): number | false {
    return readTimer(ref);
  }

  call<D extends Dest, Request extends CallOf<ServerOf<D>>>(
    dest: D,
    request: RequestTo<ServerOf<D>, Request>,
    timeoutMs: number = CALL_TIMEOUT_MS,
  ): Promise<ReplyOf<ServerOf<D>, Request>> {
    return call(this.process.shard, this.process, dest, request, timeoutMs) as Promise<
      ReplyOf<ServerOf<D>, Request>
    >;
  }

  sendRequest<D extends Dest, Request extends CallOf<ServerOf<D>>>(
    dest: D,
    request: RequestTo<ServerOf<D>, Request>,
  ): RequestId<ReplyOf<ServerOf<D>, Request>> {
    return sendRequest(this.process, dest, request) as RequestId<ReplyOf<ServerOf<D>, Request>>;
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

  multiCall<Name extends string>(
    nodes: readonly string[],
    name: Name,
    request: CallOf<ServerOf<Name>>,
    timeoutMs: number = Number.POSITIVE_INFINITY,
  ): Promise<MultiCallResult<ReplyOf<ServerOf<Name>>>> {
    return multiCall(this.process.shard, this.process, nodes, name, request, timeoutMs) as Promise<never>;
  }

  abcast<Name extends string>(nodes: readonly string[], name: Name, request: CastOf<ServerOf<Name>>): void {
    if (!this.#isDead()) abcast(this.process.shard, nodes, name, request);
  }

  cast<D extends Dest>(dest: D, request: CastOf<ServerOf<D>>): void {
    if (this.#isDead()) return;
    const { shard } = this.process;
    cast(shard, dest, request);
    if (shard.behind !== undefined) this.#sentTo(shard.behind, dest);
  }

  reply<Reply>(from: From<Reply>, value: NoInfer<Reply>): void {
    if (!this.#isDead()) answerCall(from, value);
  }

  start<S extends ServerInstance, Name extends string | ViaName>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions<NoInfer<S>, Name>,
  ): Promise<Pid<S>> {
    return startOrThrow(this.process.shard, this.process, Server, arg, options, UNLINKED);
  }

  startLink<S extends ServerInstance, Name extends string | ViaName>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions<NoInfer<S>, Name>,
  ): Promise<Pid<S>> {
    return startOrThrow(this.process.shard, this.process, Server, arg, options, LINKED);
  }

  async startMonitor<S extends ServerInstance, Name extends string | ViaName>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions<NoInfer<S>, Name>,
  ): Promise<{ pid: Pid<S>; ref: Ref }> {
    const { process } = this;
    const ref = new Monitor(process);
    ref.mark = process.mailbox.mark();
    const bond = { linked: false, monitor: ref };
    return { pid: await startOrThrow(process.shard, process, Server, arg, options, bond), ref };
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

  get(): Map<unknown, unknown>;
  get(key: unknown): unknown;
  get(...args: [] | [key: unknown]): unknown {
    const { dictionary } = this.process;
    return args.length === 0 ? dictionaryOf(this.process) : dictionary?.get(args[0]);
  }

  put(key: unknown, value: unknown): unknown {
    return (this.process.dictionary ??= new ProcessDictionary()).put(key, value);
  }

  erase(): Map<unknown, unknown>;
  erase(key: unknown): unknown;
  erase(...args: [] | [key: unknown]): unknown {
    const { process } = this;
    if (args.length > 0) return process.dictionary?.erase(args[0]);
    const all = dictionaryOf(process);
    process.dictionary = undefined;
    return all;
  }

  getKeys(...args: [value?: unknown]): unknown[] {
    if (args.length > 0) return this.process.dictionary?.keysOf(args[0]) ?? [];
    return [...dictionaryOf(this.process).keys()];
  }

  setLabel(label: unknown): void {
    this.process.label = label;
  }

  suspendProcess(pid: Pid): true {
    expectPid(pid);
    if (!this.#isDead()) suspendProcess(this.process, pid);
    return true;
  }

  resumeProcess(pid: Pid): true {
    expectPid(pid);
    if (!this.#isDead()) resumeProcess(this.process, pid);
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

function expectRef(ref: unknown): asserts ref is Ref {
  if (!(ref instanceof Ref)) throw runtimeError("ROOKERY_BADARG", "a reference", ref);
}

/** The whole check of the options of a receive. It is cheap, for receives are many. */
function receiveTimeout(options: { readonly timeoutMs: number }): number {
  if (typeof options !== "object" || options === null || options.timeoutMs === undefined)
    throw runtimeError("ROOKERY_BADARG", "the option timeoutMs of a receive", options);
  expectTimeout(options.timeoutMs);
  return options.timeoutMs;
}

/** What a monitor may be told to be, besides: see `MonitorOptions`. */
const ALIAS_MODES: readonly unknown[] = ["explicit_unalias", "demonitor", "reply_demonitor"];

function checkMonitorOptions(options: MonitorOptions): void {
  expectOptions("a monitor", ["tag", "alias"], options);
  if (options.alias !== undefined && !ALIAS_MODES.includes(options.alias))
    throw runtimeError("ROOKERY_BADARG", `an alias of ${ALIAS_MODES.join(", ")}`, options.alias);
}
