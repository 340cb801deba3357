import { availableParallelism } from "node:os";
import { threadId } from "node:worker_threads";
import { expectBoolean, expectMethods, expectOptions, expectPid } from "./argument.ts";
import { type Body, bodyBehaviour } from "./body.ts";
import { answerCall, call, CALL_TIMEOUT_MS, type From } from "./call.ts";
import { type Clock, systemClock } from "./clock.ts";
import { CPU_OPTIONS, type CpuOptions, CpuPool } from "./cpu-pool.ts";
import type { Dest, PidOf, ServerOf, ViaName } from "./dest.ts";
import { runtimeError } from "./errors.ts";
import { exitProcess } from "./exit-signal.ts";
import type { CallOf, CastOf, InfoOf, ReplyOf, RequestTo } from "./gen-server.ts";
import { HEAP_MB_MIN } from "./heap-limit.ts";
import { type Logger, stderrLogger } from "./logger.ts";
import { cancelTimer, startInterval, startMessageTimer, type TimerOptions } from "./message-timer.ts";
import { abcast, multiCall, type MultiCallResult } from "./multi-call.ts";
import { NO_NODE, expectNode } from "./nodes/node-name.ts";
import type { NodeCarrier } from "./nodes/node-carrier.ts";
import type { NodeConnections } from "./nodes/node-connections.ts";
import { NodePid } from "./nodes/node-pid.ts";
import type { Pid } from "./pid.ts";
import { ProcessHandle } from "./process-handle.ts";
import { type ProcessInfo, processInfo, type ProcessItems } from "./process-info.ts";
import { type Random, systemRandom } from "./random.ts";
import type { Ref } from "./ref.ts";
import { cast, send } from "./send.ts";
import type { InitArg, ServerClass, ServerInstance } from "./server-class.ts";
import { Shard } from "./shard.ts";
import { expectNoImport } from "./shards/module-import.ts";
import { placeOf, SHARDS_MAX } from "./shards/shard-setup.ts";
import type { ShardThreads } from "./shards/shard-threads.ts";
import type { Watchdog } from "./watchdog.ts";
import { PortDriver, type SliceDriver } from "./slice-driver.ts";
import { type StartOptions, startOrThrow, UNLINKED } from "./start.ts";
import { stopServer } from "./stop.ts";
import { terminableLoops } from "./terminable-loops.ts";

const LONG_SCHEDULE_MS = 50;

/** What follows the end of a program whose first shard moved no more. */
export interface HeartOptions {
  /**
   * A line for `sh` that runs once this process has ended, with its environment, directory and output and nothing to read: the port on which it
   * listened is free then. It is nobody's child, so leave this out where something else starts programs again. HEART_COMMAND of Erlang.
   */
  readonly command: string;
}

/** What a runtime is started with: all may be left out. */
export interface RuntimeOptions {
  /** The name of this node, as others are to know it: `shop@eu-1`. Default: `nonode@nohost`, which joins nobody. */
  readonly node?: string;
  /** Joins other nodes, and stays with them until shutdown: what brings bytes to them. Needs a `node`. */
  readonly nodes?: NodeCarrier;
  /** Where crash reports go. Default: stderr. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Whether messages are frozen when they are sent. Default: unless NODE_ENV is `production`. */
  readonly freezeMessages?: boolean;
  /** How many cores to reckon with: see `Runtime.cores`. Default: those that the host lets this process use. */
  readonly cores?: number;
  /** The threads of `Task.cpu`. */
  readonly cpu?: CpuOptions;
  /**
   * On so many threads processes run: this one, and others that are started for it. `"auto"`: one a core, 64 at most. Where that leaves no core
   * free, V8 collects the young objects of each thread of this Node.js process on that thread alone. Default: 1, and no thread is started.
   */
  readonly shards?: number | "auto";
  /** The heap of each shard but the first, in MB, at least 16: one that needs more dies alone. Default: that of Node. */
  readonly maxHeapMb?: number;
  /**
   * A handler that has run for so long without returning is terminated, and its process exits with `"stalled"`: see
   * docs/BEAM.md. Costs a thread, and, as several shards do, V8's unrolling of loops: those of a few instructions take up to 1.7 times as long.
   * So that it can be terminated, too, a `JSON.parse` of a long text is read in parts meanwhile, with the same
   * outcome: another function stands in its place on the threads of the runtime. Default: never, and never while a debugger may be attached.
   */
  readonly stallMs?: number;
  /**
   * With `stallMs`: ends this whole Node.js process by SIGKILL, after a line on stderr, once the first shard has not moved for ten times
   * `stallMs`, for whoever started it to start it again, or for its own command to. Handlers that stall are ended alone before that, and other
   * shards; this is for what is left, such as code behind an `await` that never returns. A graceful stop, an exit hook or a `finally` never runs;
   * a commit that was answered is on disk. Time for which the whole process was suspended does not count, nor does a debugger's. Default: false.
   * `heart` of Erlang's kernel.
   */
  readonly heart?: boolean | HeartOptions;
  /** With `stallMs`: a turn of a process that has taken so long is warned of in the log. Default: 50. Infinity: never. */
  readonly longScheduleMs?: number;
  /** @internal The number of the shard. */
  readonly shardNumber?: number;
  /** @internal What gives the scheduler its slices. Default: messages of a port. */
  readonly driver?: SliceDriver;
}

/**
 * A BEAM-like node inside this Node.js process: it holds processes and runs them. Code that is not in a process acts through it;
 * code in a process through its `Self`. Several may exist side by side and know nothing of each other, unless `nodes` joins them. An idle
 * runtime does not keep Node running; one with several shards does, until `shutdown`.
 *
 * @example
 * ```ts doctest
 * const pid = runtime.spawn(async (self) => self.exit("done"));
 * runtime.isAlive(pid); // => true
 * ```
 */
export class Runtime {
  /** The name of this node. */
  readonly node: string;
  /**
   * How much work at once is worth while: the default of `maxConcurrency` and of `partitions`. `System.schedulers_online`; here
   * it does not say how many processes run in parallel.
   */
  readonly cores: number;
  /** @internal */
  readonly shard: Shard;
  /** @internal The heap of the shards on other threads, if it is limited. */
  readonly maxHeapMb: number | undefined;
  /** @internal The threads of `Task.cpu` that each shard may have. */
  readonly cpu: CpuOptions;
  /** @internal */
  readonly cpuPool: CpuPool;

  #threads: ShardThreads | undefined = undefined;
  #closeWatch = async (): Promise<void> => {};

  #connections: NodeConnections | undefined = undefined;

  private constructor(options: RuntimeOptions) {
    checkRuntimeOptions(options);
    this.node = options.node ?? NO_NODE;
    const clock = options.clock ?? systemClock;
    this.cores = options.cores ?? availableParallelism();
    this.maxHeapMb = options.maxHeapMb;
    this.cpu = { threads: Math.ceil(this.cores / shardCount(options)), ...options.cpu };
    this.cpuPool = new CpuPool(this.cpu, options.logger ?? stderrLogger);
    this.shard = new Shard(this, {
      number: options.shardNumber ?? 0,
      clock,
      random: options.random ?? systemRandom,
      logger: options.logger ?? stderrLogger,
      driver: options.driver ?? new PortDriver(),
      freezeMessages: options.freezeMessages ?? process.env["NODE_ENV"] !== "production",
      handleOf: (process) => new ProcessHandle(process),
    });
  }

  /** Starts a runtime: on this thread, and on others if it shall have several shards. */
  static async start(options: RuntimeOptions = {}): Promise<Runtime> {
    const runtime = new Runtime(options);
    expectNoImport(shardCount(options));
    const { stallMs = Number.POSITIVE_INFINITY, longScheduleMs = LONG_SCHEDULE_MS, heart = false } = options;
    const watchdog =
      stallMs < Number.POSITIVE_INFINITY ? await runtime.#watch(stallMs, longScheduleMs, heart) : undefined;
    const count = shardCount(options);
    if (count > 1) {
      const { ShardThreads } = await import("./shards/shard-threads.ts");
      try {
        runtime.#threads = await ShardThreads.start(runtime, count, options, watchdog);
      } catch (error) {
        await runtime.shutdown();
        throw error;
      }
    }
    if (watchdog !== undefined || count > 1) terminableLoops();
    if (options.nodes !== undefined) await runtime.connectNodes(options.nodes);
    return runtime;
  }

  /** @internal Joins other nodes; if that fails, the runtime is shut down. */
  async connectNodes(carrier: NodeCarrier): Promise<void> {
    const { NodeConnections } = await import("./nodes/node-connections.ts");
    try {
      this.#connections = await NodeConnections.start(this, carrier);
    } catch (error) {
      await this.shutdown();
      throw error;
    }
  }

  /** The other nodes that can be reached now: `nodes/0`. */
  nodes(): string[] {
    return this.shard.outside?.nodes?.names ?? [];
  }

  /** The node on which the process lives, or did: `node/1`. Undefined for one of which nothing has been heard yet. */
  nodeOf(pid: Pid): string | undefined {
    expectPid(pid);
    return pid instanceof NodePid ? pid.node : this.node;
  }

  /** The place of the shard on which this is: 0 is that of the thread that started the runtime. */
  get place(): number {
    return placeOf(this.shard.number);
  }

  /** The places of the shards that run now, in order. */
  shards(): number[] {
    return this.shard.interconnect?.openShards.map(placeOf) ?? [this.place];
  }

  /** @internal Ends the thread of another shard, as if it had died; it is started again. For faults on purpose. */
  crashShard(place: number): void {
    this.#threads?.crash(place);
  }

  async #watch(
    stallMs: number,
    longScheduleMs: number,
    heart: boolean | HeartOptions,
  ): Promise<Watchdog | undefined> {
    const { attend, isDebugged, Watchdog } = await import("./watchdog.ts");
    if (isDebugged()) return undefined;
    const { terminableJsonParse } = await import("./json-parse.ts");
    const { logger } = this;
    const onBlocked = (thread: number): void => {
      if (thread !== threadId) return this.#threads?.blocked(thread);
      logger.error(
        { stallMs },
        `No handler, but other code has held this thread for more than ${stallMs} ms`,
      );
    };
    const watchdog = await Watchdog.start({ stallMs, longScheduleMs, logger, onBlocked });
    const { watched, close } = attend(this.shard.scheduler);
    const { node } = this;
    watchdog.watch(
      heart === false ? watched : { ...watched, heart: heart === true ? { node } : { node, ...heart } },
    );
    const untouched = terminableJsonParse();
    this.#closeWatch = () => {
      close();
      untouched();
      return watchdog.close();
    };
    return watchdog;
  }

  get clock(): Clock {
    return this.shard.clock;
  }

  get random(): Random {
    return this.shard.random;
  }

  get logger(): Logger {
    return this.shard.logger;
  }

  /** Starts a process that runs `body`, linked to nobody. */
  spawn(body: Body): Pid {
    if (typeof body !== "function")
      throw runtimeError("ROOKERY_BADARG", "a function as the body of a process", body);
    if (this.shard.closed) throw runtimeError("ROOKERY_SHUT_DOWN", "a process");
    const process = this.shard.create(bodyBehaviour, body, undefined);
    this.shard.scheduler.schedule(process);
    return process.pid;
  }

  /** Sends a message; see `Self.send`. */
  send<D extends Dest>(dest: D, message: InfoOf<ServerOf<D>>): void {
    send(this.shard, dest, message);
  }

  /** Calls a server and waits for the reply; see `Self.call`. */
  call<D extends Dest, Request extends CallOf<ServerOf<D>>>(
    dest: D,
    request: RequestTo<ServerOf<D>, Request>,
    timeoutMs: number = CALL_TIMEOUT_MS,
  ): Promise<ReplyOf<ServerOf<D>, Request>> {
    return call(this.shard, undefined, dest, request, timeoutMs) as Promise<ReplyOf<ServerOf<D>, Request>>;
  }

  /** Calls the servers of one name on several nodes; see `Self.multiCall`. */
  multiCall<Name extends string>(
    nodes: readonly string[],
    name: Name,
    request: CallOf<ServerOf<Name>>,
    timeoutMs: number = Number.POSITIVE_INFINITY,
  ): Promise<MultiCallResult<ReplyOf<ServerOf<Name>>>> {
    return multiCall(this.shard, undefined, nodes, name, request, timeoutMs) as Promise<never>;
  }

  /** Casts to the servers of one name on several nodes; see `Self.abcast`. */
  abcast<Name extends string>(nodes: readonly string[], name: Name, request: CastOf<ServerOf<Name>>): void {
    abcast(this.shard, nodes, name, request);
  }

  /** Sends a request that is not answered; see `Self.cast`. */
  cast<D extends Dest>(dest: D, request: CastOf<ServerOf<D>>): void {
    cast(this.shard, dest, request);
  }

  /** Answers a call that a callback left open. */
  reply<Reply>(from: From<Reply>, value: NoInfer<Reply>): void {
    answerCall(from, value);
  }

  /** Starts a server, linked to nobody; see `Self.start`. */
  start<S extends ServerInstance, Name extends string | ViaName>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions<NoInfer<S>, Name>,
  ): Promise<Pid<S>> {
    return startOrThrow(this.shard, undefined, Server, arg, options, UNLINKED);
  }

  /** Makes a server terminate and waits until it is dead; see `Self.stop`. */
  stop(dest: Dest, reason: unknown = "normal", timeoutMs: number = Number.POSITIVE_INFINITY): Promise<void> {
    return stopServer(this.shard, undefined, dest, reason, timeoutMs);
  }

  /** Sends an exit signal, to a name as well as to a pid; see `Self.exit`. Nothing happens if there is no such process. */
  exit(dest: Dest, reason: unknown): true {
    const target = this.shard.find(dest);
    // Signals have a sender; outside of any process it is nobody's pid, which is what a dead one is.
    target?.exit(this.#outside, reason);
    return true;
  }

  get #outside(): Pid {
    return (this.#outsidePid ??= this.#deadPid());
  }

  #outsidePid: Pid | undefined = undefined;

  #deadPid(): Pid {
    const process = this.shard.create(bodyBehaviour, undefined, undefined);
    exitProcess(process, "normal");
    return process.pid;
  }

  /** `register/2`; see `Self.register`. */
  register(name: string, pid: Pid): void {
    this.shard.names.register(name, pid);
  }

  unregister(name: string): void {
    this.shard.names.unregister(name);
  }

  whereis<Name extends string | ViaName>(name: Name): PidOf<Name> | undefined {
    return this.shard.find(name)?.pid as PidOf<Name> | undefined;
  }

  /** The names that are registered now. */
  registered(): string[] {
    return this.shard.names.registered();
  }

  /** Sends a message when the time has come; see `Self.sendAfter`. */
  sendAfter<D extends Dest>(ms: number, dest: D, message: InfoOf<ServerOf<D>>, options?: TimerOptions): Ref {
    return startMessageTimer(this.shard, ms, dest, message, false, options);
  }

  /** Sends a message again and again; see `Self.sendInterval`. */
  sendInterval<D extends Dest>(ms: number, dest: D, message: InfoOf<ServerOf<D>>): Ref {
    return startInterval(this.shard, ms, dest, message);
  }

  cancelTimer(ref: Ref): number | false {
    return cancelTimer(ref);
  }

  isAlive(pid: Pid): boolean {
    expectPid(pid);
    return pid.process !== undefined;
  }

  /** The living processes, in the order of their start. */
  processes(): Pid[] {
    return this.shard.processes().map((process) => process.pid);
  }

  /** `process_info`; see `Self.info`. */
  info(pid: Pid): ProcessInfo | undefined;
  info<Item extends keyof ProcessItems>(pid: Pid, item: Item): ProcessItems[Item] | undefined;
  info<Item extends keyof ProcessItems>(
    pid: Pid,
    items: readonly Item[],
  ): Pick<ProcessItems, Item> | undefined;
  info(pid: Pid, items?: unknown): unknown {
    return processInfo(pid, items);
  }

  /**
   * Ends every process at once, as a kill does, and lets go of everything this runtime held. Trees that shall stop in order are
   * stopped before (`Application` does). Afterwards nothing can be started (ROOKERY_SHUT_DOWN), and calls find nobody.
   */
  async shutdown(): Promise<void> {
    // First: other nodes are told that this one is gone, not of each process.
    const left = this.#connections?.leave();
    this.#killAll();
    await this.#threads?.stop();
    // What was started meanwhile: it would wait for its first turn for ever.
    this.#killAll();
    this.shard.closed = true;
    this.shard.timers.close();
    this.shard.scheduler.close();
    await this.#closeWatch();
    await this.cpuPool.close();
    await left;
  }

  #killAll(): void {
    for (const process of this.shard.processes()) exitProcess(process, "killed");
  }
}

function shardCount({ shards = 1 }: RuntimeOptions): number {
  return shards === "auto" ? Math.min(SHARDS_MAX, availableParallelism()) : shards;
}

/** Throws ROOKERY_BADARG for options with which no runtime can be started. */
export function checkRuntimeOptions(options: RuntimeOptions): void {
  const names = [
    "node",
    "nodes",
    "logger",
    "clock",
    "random",
    "freezeMessages",
    "cores",
    "cpu",
    "shards",
    "maxHeapMb",
    "stallMs",
    "longScheduleMs",
    "heart",
  ];
  const internal = ["driver", "shardNumber"].filter(
    (name) => options?.[name as keyof RuntimeOptions] !== undefined,
  );
  expectOptions("Runtime.start", [...names, ...internal], options);
  const {
    node,
    nodes,
    logger,
    clock,
    random,
    freezeMessages,
    cores,
    cpu,
    shards,
    maxHeapMb,
    stallMs = 1,
    longScheduleMs = 1,
    heart,
  } = options;
  if (node !== undefined) expectNode(node);
  if (nodes !== undefined) expectMethods("a carrier of nodes", ["start", "send", "stop"], nodes);
  if (cpu !== undefined) expectOptions("cpu, an option of Runtime.start,", CPU_OPTIONS, cpu);
  if (nodes !== undefined && node === undefined)
    throw runtimeError("ROOKERY_BADARG", "a name for the node, as node, to join others", node);
  if (logger !== undefined) expectMethods("a logger", ["debug", "info", "warn", "error"], logger);
  if (clock !== undefined) expectMethods("a clock", ["nowMs", "systemTimeMs", "setTimer"], clock);
  if (random !== undefined) expectMethods("a source of chance", ["next"], random);
  if (freezeMessages !== undefined) expectBoolean("as freezeMessages", freezeMessages);
  if (cores !== undefined && !(Number.isInteger(cores) && cores > 0))
    throw runtimeError("ROOKERY_BADARG", "a whole number of cores above 0", cores);
  if (
    shards !== undefined &&
    shards !== "auto" &&
    !(Number.isInteger(shards) && shards >= 1 && shards <= SHARDS_MAX)
  )
    throw runtimeError("ROOKERY_BADARG", `"auto", or 1 to ${SHARDS_MAX} shards`, shards);
  if (maxHeapMb !== undefined && !(typeof maxHeapMb === "number" && maxHeapMb >= HEAP_MB_MIN))
    throw runtimeError("ROOKERY_BADARG", `a heap of at least ${HEAP_MB_MIN} MB`, maxHeapMb);
  for (const ms of [stallMs, longScheduleMs])
    if (!(typeof ms === "number" && ms > 0)) throw runtimeError("ROOKERY_BADARG", "a time above 0 ms", ms);
  if (typeof heart === "object") expectOptions("heart, an option of Runtime.start,", ["command"], heart);
  else if (heart !== undefined) expectBoolean("as heart", heart);
  if (typeof heart === "object" && !(typeof heart.command === "string" && heart.command.trim() !== ""))
    throw runtimeError("ROOKERY_BADARG", "a line for sh as the command of a heart", heart.command);
  if (heart !== undefined && heart !== false && !(options.stallMs! < Number.POSITIVE_INFINITY))
    throw runtimeError("ROOKERY_BADARG", "a finite stallMs to go with heart", options.stallMs);
}
