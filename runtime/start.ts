import type { ViaName } from "./dest.ts";
import { errorText, runtimeError, StartError } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import { link } from "./link.ts";
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
  readonly #resolve: (result: StartResult) => void;

  constructor(
    process: Process,
    arg: unknown,
    starter: Process | undefined,
    resolve: (result: StartResult) => void,
  ) {
    super();
    this.arg = arg;
    this.#process = process;
    this.#starter = starter;
    this.#resolve = resolve;
  }

  succeeded(): void {
    this.#settle({ ok: true, pid: this.#process.pid });
  }

  failed(reason: ExitReason): void {
    this.#settle({ ok: false, reason });
  }

  fire(): void {
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
  options: StartOptions & { readonly linked: boolean },
): Promise<StartResult> {
  if (starter?.state === ProcessState.Exited) return new Promise(() => {});
  const { name, timeoutMs } = options;
  const server = new Server();
  const process = shard.create(server.behaviour(), server, starter);
  (server as { self: Self }).self = shard.handleOf(process);
  if (name !== undefined) {
    const holder = claim(shard, name, process);
    if (holder !== undefined) {
      exitProcess(process, "normal");
      return Promise.resolve({ ok: false, reason: ["already_started", holder] });
    }
  }
  if (options.linked && starter !== undefined) {
    process.parent = starter.pid;
    link(starter, process.pid);
  }
  return new Promise((resolve) => {
    process.starting = new Starting(process, arg, starter, resolve);
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
  options: StartOptions & { readonly linked: boolean },
): Promise<Pid<S>> {
  const result = await startServer(shard, starter, Server, arg, options);
  if (result.ok) return result.pid as Pid<S>;
  throw new StartError(errorText("ROOKERY_START_FAILED", Server.name, result.reason), result.reason);
}
