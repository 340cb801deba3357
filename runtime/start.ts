import type { Addressee } from "./addressee.ts";
import { expectOptions, expectTimeout } from "./argument.ts";
import type { BadReturn } from "./bad-return.ts";
import { isViaName, type NameFor, type ViaName } from "./dest.ts";
import { errorText, type RookeryError, runtimeError, StartError } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import { HibernateAfter } from "./hibernate.ts";
import { link, unlink } from "./link.ts";
import { attachMonitor, type Monitor } from "./monitor.ts";
import type { Pid } from "./pid.ts";
import { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import type { Self } from "./self.ts";
import type { ServerClass, ServerInstance } from "./server-class.ts";
import type { Shard } from "./shard.ts";
import type { NameScope } from "./names.ts";
import { choosePlace, type Placement } from "./shards/placement.ts";
import type { Peer } from "./shards/peer.ts";
import type { RemoteStart } from "./shards/remote-start.ts";
import { type CrossingName, crossingName } from "./shards/crossing-name.ts";
import { placeOf } from "./shards/shard-setup.ts";
import { Timer } from "./timer-wheel.ts";

/** How a server is started: the options of `GenServer.start_link/3`. */
export interface StartOptions<S = unknown, Name extends string | ViaName = string | ViaName> {
  /** Registered before `init` runs, freed if it fails. Not a name that stands for a server of another class. */
  readonly name?: Name & NameFor<S, Name>;
  /** `init` may take so long; then the process is killed and the start fails with `"timeout"`. Default: for ever; after 10 s a line in the log says so. */
  readonly timeoutMs?: number;
  /** After so long without a message it hibernates: see `Self.hibernate`. Default: never. */
  readonly hibernateAfterMs?: number;
  /** Whose the name is: one in the whole runtime, or one on each shard, found there and by `nameOn`. Default: `"runtime"`. */
  readonly nameScope?: NameScope;
  /**
   * On which shard. The class must name its module then, one that starts no runtime: `static readonly module = import.meta.url`. Default:
   * `"here"`.
   */
  readonly on?: Placement;
}

/** How a server is bound to who starts it. */
export interface StartBond {
  readonly linked: boolean;
  /** Watches the server once it has started. */
  readonly monitor?: Monitor;
  /** Of a starter on another shard: whether it traps exits. */
  readonly starterTraps?: boolean;
}

/** The options as they came: of whatever class, or from code without types. */
type UncheckedOptions = Omit<StartOptions, "name"> & { readonly name?: unknown };

export const LINKED: StartBond = { linked: true };
export const UNLINKED: StartBond = { linked: false };

const START_OPTIONS = ["name", "timeoutMs", "hibernateAfterMs", "nameScope", "on"];
const NO_OPTIONS: UncheckedOptions = {};
/** An asynchronous `init` without a `timeoutMs` that takes so long is warned of. */
const SLOW_INIT_MS = 10_000;
/** So often a name is tried that nobody has when it is looked up, and somebody when it is taken. */
const CLAIMS_MAX = 100;

/** Is told what came of a start. */
type Settled = (result: StartResult) => void;

/** What came of a start: the process, or the reason why there is none; `"ignore"` if `init` did not want it. */
export type StartResult<S = unknown> =
  | { readonly ok: true; readonly pid: Pid<S> }
  | {
      readonly ok: false;
      readonly reason: ExitReason;
      /** For a wrong return of `init`: the error that says which ones are right. */
      readonly cause?: Error;
    };

/** Ends a start that takes too long. */
class StartTimer extends Timer {
  readonly #starting: Starting;

  constructor(starting: Starting) {
    super();
    this.#starting = starting;
  }

  fire(): void {
    this.#starting.timedOut();
  }
}

/** Tells of an asynchronous `init` that takes long: whoever started the server waits for it, a whole tree maybe. */
class SlowInitTimer extends Timer {
  readonly #process: Process;

  constructor(process: Process) {
    super();
    this.#process = process;
  }

  fire(): void {
    const { pid, name, behaviour, shard } = this.#process;
    const server = behaviour.describe(this.#process);
    shard.logger.warn(
      { pid: String(pid), name, server },
      `${server} ${name ?? pid} has been in its init for ${SLOW_INIT_MS} ms: who started it still waits`,
    );
  }
}

/** A start that waits for `init`. */
export class Starting {
  readonly arg: unknown;
  readonly #process: Process;
  readonly #starter: Addressee | undefined;
  readonly #bond: StartBond;
  readonly #settled: Settled;
  #timer: Timer | undefined = undefined;
  /** What was wrong with what `init` returned; the reason of the failure is what OTP makes of it. */
  badReturn: BadReturn | undefined = undefined;

  constructor(
    process: Process,
    arg: unknown,
    starter: Addressee | undefined,
    bond: StartBond,
    settled: Settled,
  ) {
    this.arg = arg;
    this.#process = process;
    this.#starter = starter;
    this.#bond = bond;
    this.#settled = settled;
  }

  endAfter(ms: number): void {
    this.#timer = new StartTimer(this);
    this.#process.shard.timers.start(this.#timer, ms);
  }

  /** `init` has returned a promise. */
  waits(): void {
    if (this.#timer !== undefined) return;
    this.#timer = new SlowInitTimer(this.#process);
    this.#process.shard.timers.start(this.#timer, SLOW_INIT_MS);
  }

  succeeded(): void {
    const { monitor } = this.#bond;
    // Not before: of an init that fails, the start itself tells.
    if (monitor !== undefined && !hasExited(this.#starter)) {
      monitor.watched = this.#process.pid;
      attachMonitor(monitor, this.#process);
    }
    this.#settle({ ok: true, pid: this.#process.pid });
  }

  failed(reason: ExitReason): void {
    const cause = this.badReturn;
    this.#settle(cause === undefined ? { ok: false, reason } : { ok: false, reason, cause });
  }

  /** An exit signal ends the process in its `init`. A starter that traps learns it from the start, not by an EXIT as well. */
  interrupted(): void {
    const starter = this.#starter;
    if (starter instanceof Process ? starter.trapExit : this.#bond.starterTraps === true)
      unlink(this.#process, starter!.pid);
  }

  timedOut(): void {
    if (this.#starter !== undefined) unlink(this.#process, this.#starter.pid);
    this.failed("timeout");
    exitProcess(this.#process, "killed");
  }

  #settle(result: StartResult): void {
    const { timers, scheduler } = this.#process.shard;
    // Who is terminated in between would be taken for started, and its starter would wait for ever.
    const before = scheduler.pulse.shut();
    try {
      this.#process.starting = undefined;
      if (this.#timer !== undefined) timers.stop(this.#timer);
      // A starter that died meanwhile (of the link to this process, for one) hears nothing any more.
      if (!hasExited(this.#starter)) this.#settled(result);
    } finally {
      scheduler.pulse.open(before);
    }
    scheduler.resumed();
  }
}

/**
 * Starts a server as `gen_server:start` does, or, with `linked`, as `start_link`. Resolves when `init` is done; never
 * rejects for what `init` does.
 */
export function startServer(
  shard: Shard,
  starter: Addressee | undefined,
  Server: ServerClass,
  arg: unknown,
  options: UncheckedOptions | undefined,
  bond: StartBond,
): Promise<StartResult> {
  if (options?.on !== undefined) return startPlaced(shard, starter, Server, arg, options, bond);
  return new Promise((settled) => beginStart(shard, starter, Server, arg, options, bond, settled));
}

/** Begins a start; `settled` is told what came of it, unless the starter is dead by then. */
export function beginStart(
  shard: Shard,
  starter: Addressee | undefined,
  Server: ServerClass,
  arg: unknown,
  options: UncheckedOptions | undefined,
  bond: StartBond,
  settled: Settled,
): void {
  if (hasExited(starter)) return;
  expectServer(Server);
  if (shard.closed) throw runtimeError("ROOKERY_SHUT_DOWN", Server.name);
  if (options !== undefined) expectStartOptions(options);
  const { name, timeoutMs, hibernateAfterMs, nameScope } = options ?? NO_OPTIONS;
  const server = new Server();
  if (typeof server.init !== "function")
    throw runtimeError("ROOKERY_BADARG", "a class of servers with an init", Server);
  const { pulse } = shard.scheduler;
  // A starter that is terminated must not leave a process behind that has a name and never runs.
  const before = pulse.shut();
  const process = shard.create(server.behaviour(), server, starter);
  (server as { self: Self }).self = shard.handleOf(process);
  if (name !== undefined) {
    let holder: Pid | undefined;
    try {
      holder = claim(shard, name, nameScope, process);
    } catch (error) {
      exitProcess(process, "normal");
      pulse.open(before);
      throw error;
    }
    if (holder !== undefined) {
      exitProcess(process, "normal");
      pulse.open(before);
      return settled({ ok: false, reason: ["already_started", holder] });
    }
  }
  if (hibernateAfterMs !== undefined) process.behaviour = new HibernateAfter(process, hibernateAfterMs);
  if (bond.linked && starter !== undefined) {
    process.parent = starter.pid;
    link(process, starter.pid);
  }
  process.starting = new Starting(process, arg, starter, bond, settled);
  if (timeoutMs !== undefined && Number.isFinite(timeoutMs)) process.starting.endAfter(timeoutMs);
  shard.scheduler.schedule(process);
  pulse.open(before);
}

/** The other shard on which `placement` wants a server; undefined if that is this one. */
function chooseShard(shard: Shard, placement: Placement): Peer | undefined {
  const { interconnect, number: here } = shard;
  const open = interconnect?.openShards ?? [here];
  const chosen = choosePlace(placement, here, open, (number) => interconnect!.load(number));
  return chosen === here ? undefined : interconnect?.peer(chosen);
}

/** A start for which it is said where. One on a shard that is being started again waits for it. */
async function startPlaced(
  shard: Shard,
  starter: Addressee | undefined,
  Server: ServerClass,
  arg: unknown,
  { on, ...options }: UncheckedOptions,
  bond: StartBond,
): Promise<StartResult> {
  if (!((await shard.interconnect?.whenOpen(on!)) ?? true)) return { ok: false, reason: "noconnection" };
  const peer = chooseShard(shard, on!);
  return peer === undefined
    ? startServer(shard, starter, Server, arg, options, bond)
    : startElsewhere(peer, starter, Server, arg, options, bond);
}

function startElsewhere(
  peer: Peer,
  starter: Addressee | undefined,
  { module, name: className }: ServerClass,
  arg: unknown,
  options: UncheckedOptions,
  { linked, monitor }: StartBond,
): Promise<StartResult> {
  if (module === undefined) return Promise.reject(runtimeError("ROOKERY_NO_MODULE", className, module));
  let name: CrossingName | undefined;
  try {
    expectStartOptions(options);
    name = options.name === undefined ? undefined : crossingName(options.name);
  } catch (error) {
    return Promise.reject(error as Error);
  }
  const start: RemoteStart = {
    module,
    className,
    starter: starter?.pid,
    starterTraps: starter instanceof Process && starter.trapExit,
    linked,
    monitored: monitor !== undefined,
    options: (name === undefined ? options : { ...options, name }) as StartOptions,
  };
  return new Promise((resolve) => {
    if (hasExited(starter)) return;
    peer.start(start, arg, (result) => {
      if (hasExited(starter)) return;
      if (result.ok && monitor !== undefined) {
        monitor.watched = result.pid;
        if (result.pid.process === undefined) monitor.down("noproc");
        else attachMonitor(monitor, result.pid.process);
      }
      resolve(result);
    });
  });
}

function hasExited(starter: Addressee | undefined): boolean {
  return starter instanceof Process && starter.state === ProcessState.Exited;
}

function expectStartOptions(options: UncheckedOptions): void {
  expectOptions("a start", START_OPTIONS, options);
  const { timeoutMs, hibernateAfterMs, nameScope } = options;
  if (timeoutMs !== undefined) expectTimeout(timeoutMs);
  if (hibernateAfterMs !== undefined) expectTimeout(hibernateAfterMs);
  if (nameScope !== undefined && nameScope !== "runtime" && nameScope !== "shard")
    throw runtimeError("ROOKERY_BADARG", '"runtime" or "shard" as the scope of a name', nameScope);
}

function expectServer(Server: unknown): void {
  const { behaviour } = (
    typeof Server === "function" ? (Server.prototype ?? {}) : {}
  ) as Partial<ServerInstance>;
  if (typeof behaviour !== "function")
    throw runtimeError("ROOKERY_BADARG", "a class that extends GenServer or GenStatem", Server);
}

/** Gives `process` its name; answers who has it instead. */
function claim(shard: Shard, name: unknown, scope: NameScope | undefined, process: Process): Pid | undefined {
  if (typeof name === "string") {
    for (let tries = 1; ; tries += 1) {
      const holder =
        scope === "shard" ? shard.names.whereisOn(placeOf(shard.number), name) : shard.names.whereis(name);
      if (holder !== undefined) return holder.pid;
      try {
        shard.names.register(name, process.pid, scope);
        return undefined;
      } catch (error) {
        // Another shard may have been quicker. It may also have freed the name since.
        if ((error as Partial<RookeryError>).code !== "ROOKERY_NAME_TAKEN" || tries === CLAIMS_MAX)
          throw error;
      }
    }
  }
  if (!isViaName(name)) throw runtimeError("ROOKERY_BADARG", "a name: a string or a via name", name);
  const result = name.via.register(shard, name.key, process.pid);
  return result.ok ? undefined : result.holder;
}

/** As `startServer`, but what did not start is an error: what the public `start` and `startLink` do. */
export function startOrThrow<S extends ServerInstance>(
  shard: Shard,
  starter: Process | undefined,
  Server: ServerClass<S>,
  arg: unknown,
  options: UncheckedOptions | undefined,
  bond: StartBond,
): Promise<Pid<S>> {
  return new Promise((resolve, reject) => {
    const settled: Settled = (result) => {
      if (result.ok) return resolve(result.pid as Pid<S>);
      const { reason, cause = reason } = result;
      const text = errorText("ROOKERY_START_FAILED", Server.name || "a server", cause);
      reject(new StartError(text, reason, cause));
    };
    if (options?.on === undefined) beginStart(shard, starter, Server, arg, options, bond, settled);
    else startServer(shard, starter, Server, arg, options, bond).then(settled, reject);
  });
}
