import type { ViaName } from "./dest.ts";
import { errorText, runtimeError, StartError } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import { HibernateAfter } from "./hibernate.ts";
import { link, unlink } from "./link.ts";
import { attachMonitor, type Monitor } from "./monitor.ts";
import type { Pid } from "./pid.ts";
import { type Process, ProcessState } from "./process.ts";
import type { Self } from "./self.ts";
import type { ServerClass, ServerInstance } from "./server-class.ts";
import type { Shard } from "./shard.ts";
import { Timer } from "./timer-wheel.ts";

export interface StartOptions {
  /** Registered before `init` runs, freed if it fails. */
  readonly name?: string | ViaName;
  /** `init` may take so long; then the process is killed and the start fails with `"timeout"`. Default: for ever. */
  readonly timeoutMs?: number;
  /** After so long without a message it hibernates: see `Self.hibernate`. Default: never. */
  readonly hibernateAfterMs?: number;
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
  readonly #starter: Process | undefined;
  readonly #monitor: Monitor | undefined;
  readonly #resolve: (result: StartResult) => void;

  constructor(
    process: Process,
    arg: unknown,
    starter: Process | undefined,
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
    if (monitor !== undefined && this.#starter?.state !== ProcessState.Exited) {
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
    if (this.#starter?.trapExit === true) unlink(this.#starter, this.#process.pid);
  }

  fire(): void {
    if (this.#starter !== undefined) unlink(this.#starter, this.#process.pid);
    this.failed("timeout");
    exitProcess(this.#process, "killed");
  }

  #settle(result: StartResult): void {
    const { shard } = this.#process;
    this.#process.starting = undefined;
    shard.timers.stop(this);
    // A starter that died meanwhile (of the link to this process, for one) hears nothing any more.
    if (this.#starter?.state === ProcessState.Exited) return;
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
  starter: Process | undefined,
  Server: ServerClass,
  arg: unknown,
  options: StartOptions & StartBond,
): Promise<StartResult> {
  if (starter?.state === ProcessState.Exited) return new Promise(() => {});
  const { name, timeoutMs, hibernateAfterMs } = options;
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
    link(starter, process.pid);
  }
  return new Promise((resolve) => {
    process.starting = new Starting(process, arg, starter, options.monitor, resolve);
    if (timeoutMs !== undefined && Number.isFinite(timeoutMs))
      shard.timers.start(process.starting, timeoutMs);
    shard.scheduler.schedule(process);
  });
}

/** Gives `process` its name; answers who has it instead. */
function claim(shard: Shard, name: string | ViaName, process: Process): Pid | undefined {
  if (typeof name === "string") {
    const holder = shard.names.whereis(name);
    if (holder === undefined) shard.names.register(name, process.pid);
    return holder?.pid;
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
