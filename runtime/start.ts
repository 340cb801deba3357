import type { Addressee } from "./addressee.ts";
import type { ViaName } from "./dest.ts";
import { errorText, runtimeError, StartError } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import { HibernateAfter } from "./hibernate.ts";
import { link, unlink } from "./link.ts";
import { attachMonitor, type Monitor } from "./monitor.ts";
import type { Pid } from "./pid.ts";
import { Process, ProcessState } from "./process.ts";
import type { Self } from "./self.ts";
import type { ServerClass, ServerInstance } from "./server-class.ts";
import type { Shard } from "./shard.ts";
import { choosePlace, type Placement } from "./shards/placement.ts";
import type { Peer } from "./shards/peer.ts";
import { Timer } from "./timer-wheel.ts";

export interface StartOptions {
  /** Registered before `init` runs, freed if it fails. */
  readonly name?: string | ViaName;
  /** `init` may take so long; then the process is killed and the start fails with `"timeout"`. Default: for ever. */
  readonly timeoutMs?: number;
  /** After so long without a message it hibernates: see `Self.hibernate`. Default: never. */
  readonly hibernateAfterMs?: number;
  /** On which shard. The class must name its module then: `static readonly module = import.meta.url`. Default: `"here"`. */
  readonly on?: Placement;
}

/** How a server is bound to who starts it. */
export interface StartBond {
  readonly linked: boolean;
  /** Watches the server once it has started. */
  readonly monitor?: Monitor;
}

/** What came of a start: the process, or the reason why there is none; `"ignore"` if `init` did not want it. */
export type StartResult<S = unknown> =
  | { readonly ok: true; readonly pid: Pid<S> }
  | { readonly ok: false; readonly reason: ExitReason };

/** A start that waits for `init`. */
export class Starting extends Timer {
  readonly arg: unknown;
  readonly #process: Process;
  readonly #starter: Addressee | undefined;
  readonly #monitor: Monitor | undefined;
  readonly #resolve: (result: StartResult) => void;

  constructor(
    process: Process,
    arg: unknown,
    starter: Addressee | undefined,
    monitor: Monitor | undefined,
    resolve: (result: StartResult) => void,
  ) {
    super();
    this.arg = arg;
    this.#process = process;
    this.#starter = starter;
    this.#monitor = monitor;
    this.#resolve = resolve;
  }

  succeeded(): void {
    const monitor = this.#monitor;
    // Not before: of an init that fails, the start itself tells.
    if (monitor !== undefined && !hasExited(this.#starter)) {
      monitor.watched = this.#process.pid;
      attachMonitor(monitor, this.#process);
    }
    this.#settle({ ok: true, pid: this.#process.pid });
  }

  failed(reason: ExitReason): void {
    this.#settle({ ok: false, reason });
  }

  /** An exit signal ends the process in its `init`. A starter that traps learns it from the start, not by an EXIT as well. */
  interrupted(): void {
    const starter = this.#starter;
    if (starter instanceof Process && starter.trapExit) unlink(starter, this.#process.pid);
  }

  fire(): void {
    if (this.#starter !== undefined) unlink(this.#process, this.#starter.pid);
    this.failed("timeout");
    exitProcess(this.#process, "killed");
  }

  #settle(result: StartResult): void {
    const { shard } = this.#process;
    this.#process.starting = undefined;
    shard.timers.stop(this);
    // A starter that died meanwhile (of the link to this process, for one) hears nothing any more.
    if (hasExited(this.#starter)) return;
    this.#resolve(result);
    shard.scheduler.resumed();
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
  options: StartOptions & StartBond,
): Promise<StartResult> {
  if (hasExited(starter)) return new Promise(() => {});
  const { name, timeoutMs, hibernateAfterMs } = options;
  if (options.on !== undefined) {
    const elsewhere = chooseShard(shard, options.on);
    if (elsewhere !== undefined) return startElsewhere(elsewhere, starter, Server, arg, options);
  }
  if (hibernateAfterMs !== undefined && !(hibernateAfterMs >= 0))
    throw runtimeError("ROOKERY_BADARG", "a time of at least 0 ms", hibernateAfterMs);
  const server = new Server();
  const process = shard.create(server.behaviour(), server, starter);
  (server as { self: Self }).self = shard.handleOf(process);
  if (name !== undefined) {
    let holder: Pid | undefined;
    try {
      holder = claim(shard, name, process);
    } catch (error) {
      exitProcess(process, "normal");
      throw error;
    }
    if (holder !== undefined) {
      exitProcess(process, "normal");
      return Promise.resolve({ ok: false, reason: ["already_started", holder] });
    }
  }
  if (hibernateAfterMs !== undefined) process.behaviour = new HibernateAfter(process, hibernateAfterMs);
  if (options.linked && starter !== undefined) {
    process.parent = starter.pid;
    link(process, starter.pid);
  }
  return new Promise((resolve) => {
    process.starting = new Starting(process, arg, starter, options.monitor, resolve);
    if (timeoutMs !== undefined && Number.isFinite(timeoutMs))
      shard.timers.start(process.starting, timeoutMs);
    shard.scheduler.schedule(process);
  });
}

/** The other shard on which `placement` wants a server; undefined if that is this one. */
function chooseShard(shard: Shard, placement: Placement): Peer | undefined {
  const { interconnect, number: here } = shard;
  const open = interconnect?.openShards ?? [here];
  const chosen = choosePlace(placement, here, open, (number) => interconnect!.load(number));
  return chosen === here ? undefined : interconnect?.peer(chosen);
}

async function startElsewhere(
  peer: Peer,
  starter: Addressee | undefined,
  { module, name: className }: ServerClass,
  arg: unknown,
  { name, timeoutMs, hibernateAfterMs, linked, monitor }: StartOptions & StartBond,
): Promise<StartResult> {
  if (module === undefined) throw runtimeError("ROOKERY_NO_MODULE", className);
  if (name !== undefined && typeof name !== "string")
    throw runtimeError("ROOKERY_BADARG", "a string as the name of a server on another shard", name);
  const bond = { starter: starter?.pid, linked };
  const result = await peer.start({ module, className, name, timeoutMs, hibernateAfterMs, ...bond }, arg);
  if (result.ok && monitor !== undefined && !hasExited(starter)) {
    monitor.watched = result.pid;
    if (result.pid.process === undefined) monitor.down("noproc");
    else attachMonitor(monitor, result.pid.process);
  }
  return result;
}

function hasExited(starter: Addressee | undefined): boolean {
  return starter instanceof Process && starter.state === ProcessState.Exited;
}

/** Gives `process` its name; answers who has it instead. */
function claim(shard: Shard, name: string | ViaName, process: Process): Pid | undefined {
  if (typeof name === "string") {
    const holder = shard.names.whereis(name);
    if (holder !== undefined) return holder.pid;
    try {
      shard.names.register(name, process.pid);
      return undefined;
    } catch (error) {
      // Another shard may have been quicker.
      const winner = shard.names.whereis(name);
      if (winner === undefined) throw error;
      return winner.pid;
    }
  }
  if (typeof name !== "object" || name === null || !("via" in name)) {
    throw runtimeError("ROOKERY_BADARG", "a name: a string or a via name", name);
  }
  const result = name.via.register(shard, name.key, process.pid);
  return result.ok ? undefined : result.holder;
}

/** As `startServer`, but what did not start is an error: what the public `start` and `startLink` do. */
export async function startOrThrow<S extends ServerInstance>(
  shard: Shard,
  starter: Process | undefined,
  Server: ServerClass<S>,
  arg: unknown,
  options: StartOptions & StartBond,
): Promise<Pid<S>> {
  const result = await startServer(shard, starter, Server, arg, options);
  if (result.ok) return result.pid as Pid<S>;
  throw new StartError(errorText("ROOKERY_START_FAILED", Server.name, result.reason), result.reason);
}
