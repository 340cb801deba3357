import { constants } from "node:os";
import { setImmediate } from "node:timers/promises";
import {
  type HostTimer,
  type Pid,
  Runtime,
  type RuntimeOptions,
  type ServerInstance,
  StartError,
  stderrLogger,
} from "../runtime/index.ts";
import {
  brief,
  checkRuntimeOptions,
  expectDuration,
  expectFunction,
  expectMethods,
  onProcessExit,
  type Origin,
} from "../runtime/internal.ts";
import { environmentOf } from "./application-environment.ts";
import { type ApplicationSpec, startOrder } from "./application-spec.ts";
import { supervisorError } from "./errors.ts";
import { HeldLogger } from "./held-logger.ts";
import { findStartFailure, isExpectedFailure, startFailureText } from "./start-failure.ts";
import { Supervisor } from "./supervisor.ts";
import type { SupervisorOptions } from "./supervisor-options.ts";

type StopSignal = "SIGTERM" | "SIGINT";

const STOP_SIGNALS: readonly StopSignal[] = ["SIGTERM", "SIGINT"];

/** What a shell answers for a program that a signal has ended: 128 and the number of the signal. */
const SIGNAL_EXIT_CODE = 128;

/** Where signals come from; `process` is one. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

/** What a program runs, and how it stops. */
export interface ApplicationOptions<
  Servers extends readonly ServerInstance[] = readonly ServerInstance[],
> extends ApplicationSpec<Servers> {
  readonly runtime?: RuntimeOptions;
  /**
   * How long an orderly stop may take, in milliseconds: then the OS process ends at once, with code 1, and a sentence says so. As
   * long as the children take if left out.
   */
  readonly stopMs?: number;
  /** `process` if left out. */
  readonly signals?: SignalSource;
  /** Ends the OS process: `process.exit` if left out. */
  readonly exit?: (code: number) => void;
  /** Says one sentence to the operator: a line on stderr if left out. */
  readonly report?: (sentence: string) => void;
}

/** A supervision tree that runs, of the application itself or of one that it needs. */
interface Tree {
  readonly name: string;
  readonly supervisor: Pid<Supervisor>;
}

const Phase = { Starting: 0, Running: 1, Stopping: 2 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/**
 * A program that is one supervision tree in a runtime of its own: OTP's application, with the node that runs it. Applications
 * that it needs are trees of their own in the same runtime, started before it and stopped after it.
 *
 * It keeps Node running until it is stopped. SIGTERM or SIGINT ends the tree, last started first, each child with the time of
 * its shutdown, and then the OS process with code 0; a second signal ends it at once, and so does `stopMs`. When a tree does not start, or
 * its root supervisor gives up, one sentence says why, the other trees are stopped, and the code is 1.
 */
export class Application {
  readonly name: string;
  readonly runtime: Runtime;
  readonly #exit: (code: number) => void;
  readonly #report: (sentence: string) => void;
  readonly #signals: SignalSource;
  readonly #stopMs: number | undefined;
  // Waits for messages that never come, which is what keeps Node from exiting while every process waits, too.
  readonly #keepAlive = new MessageChannel().port1;
  /** In start order: the application's own is the last. */
  #trees: Tree[] = [];
  #phase: Phase = Phase.Starting;
  #signalled = false;
  #stopping: Promise<void> | undefined;

  private constructor(options: ApplicationOptions, runtime: Runtime) {
    this.name = options.name;
    this.runtime = runtime;
    this.#signals = options.signals ?? process;
    this.#stopMs = options.stopMs;
    this.#exit = options.exit ?? ((code) => process.exit(code));
    this.#report = options.report ?? ((sentence) => process.stderr.write(`${sentence}\n`));
  }

  /**
   * Starts a runtime and in it the tree, and resolves when the tree runs. If it does not start: says so in one sentence, exits with
   * code 1 (and rejects with the StartError, should `exit` return). Rejects with `ROOKERY_APPLICATION_NAME` before it starts
   * anything. Reports of the failed start are logged only if its reason
   * carries no `code`: an address in use is an answer, a TypeError is a fault to look into.
   */
  static async run<Servers extends readonly ServerInstance[]>(
    checked: ApplicationOptions<Servers>,
  ): Promise<Application> {
    const options = checked as ApplicationOptions;
    const order = startOrder(options);
    checkHost(options);
    const logger = new HeldLogger(options.runtime?.logger ?? stderrLogger);
    const application = new Application(options, await Runtime.start({ ...options.runtime, logger }));
    application.#keepAlive.ref();
    for (const signal of STOP_SIGNALS) application.#signals.on(signal, application.#onSignal);
    await application.#start(order, logger);
    return application;
  }

  /**
   * What `key` is set to in the environment of an application, else `otherwise`. Environments belong to the runtime: its processes
   * and the code outside of them see the same. Don't change what you get. `Application.get_env/3`.
   */
  static getEnv(from: Origin, application: string, key: string, otherwise?: unknown): unknown {
    const environment = environmentOf(from, application);
    return environment.has(key) ? environment.get(key) : otherwise;
  }

  /** The same for a key that must be there: throws `ROOKERY_NO_ENV`. `Application.fetch_env!/2`. */
  static fetchEnv(from: Origin, application: string, key: string): unknown {
    const environment = environmentOf(from, application);
    if (!environment.has(key)) throw supervisorError("ROOKERY_NO_ENV", key, application);
    return environment.get(key);
  }

  /** Sets a key, also of an application that does not run: a test's way to tell a tree what it shall read. `Application.put_env/3`. */
  static putEnv(from: Origin, application: string, key: string, value: unknown): void {
    environmentOf(from, application).set(key, value);
  }

  /** The root supervisor. */
  get supervisor(): Pid<Supervisor> {
    return this.#trees.at(-1)!.supervisor;
  }

  /** Ends the trees in order and lets go of everything; does not exit. Rejects if a root supervisor did not end as told. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #start(order: readonly ApplicationSpec[], logger: HeldLogger): Promise<void> {
    for (const { name, env = {} } of order)
      for (const [key, value] of Object.entries(env)) Application.putEnv(this.runtime, name, key, value);
    for (const { name, start } of order) {
      const isList = Array.isArray(start);
      const tree = (isList ? { strategy: "one_for_one", children: start } : start) as SupervisorOptions;
      try {
        const supervisor = await this.runtime.start(Supervisor, tree, { name: `${name}.supervisor` });
        this.#trees.push({ name, supervisor });
      } catch (error) {
        const failure = findStartFailure(error instanceof StartError ? error.reason : error);
        if (!isExpectedFailure(failure)) logger.release();
        const which = name === this.name ? "" : `application ${name}: `;
        this.#report(`${this.name} could not start: ${which}${startFailureText(failure)}`);
        await this.#stopAndExit(1);
        throw error;
      }
    }
    logger.release();
    this.#phase = Phase.Running;
    for (const tree of this.#trees)
      onProcessExit(tree.supervisor, (reason) => void this.#ended(tree, reason));
    if (this.#signalled) void this.#stopAndExit(0);
  }

  #onSignal = (signal: StopSignal): void => {
    if (this.#signalled) {
      this.#report(`${this.name} ends at once: another signal came, ${signal}, before it had stopped`);
      return this.#exit(SIGNAL_EXIT_CODE + constants.signals[signal]);
    }
    this.#signalled = true;
    this.runtime.logger.info({ signal }, `${this.name} stops`);
    // A tree that is starting is stopped once it has started.
    if (this.#phase !== Phase.Starting) void this.#stopAndExit(0);
  };

  async #stopAndExit(code: number): Promise<void> {
    const limit = this.#limitStop();
    try {
      await this.stop();
    } catch (error) {
      this.#report(`${this.name} did not stop in order: ${brief(error)}`);
      return this.#exit(1);
    } finally {
      limit?.cancel();
    }
    if (this.#signalled) this.runtime.logger.info({}, `${this.name} has stopped`);
    this.#exit(code);
  }

  #limitStop(): HostTimer | undefined {
    if (this.#stopMs === undefined) return undefined;
    return this.runtime.clock.setTimer(this.#stopMs, () => {
      this.#report(`${this.name} ends at once: it did not stop within ${this.#stopMs} ms`);
      this.#exit(1);
    });
  }

  async #stop(): Promise<void> {
    this.#phase = Phase.Stopping;
    const failures: unknown[] = [];
    for (const { supervisor } of this.#trees.toReversed()) {
      // One that does not end as told shall not keep the others from being told.
      await this.runtime.stop(supervisor, "shutdown").catch((error: unknown) => failures.push(error));
    }
    await this.#release();
    if (failures.length > 0) throw failures[0];
  }

  /** The applications are permanent, in OTP's words: when one ends by itself, all end. */
  async #ended(tree: Tree, reason: unknown): Promise<void> {
    if (this.#phase !== Phase.Running) return;
    this.#phase = Phase.Stopping;
    // The death is still being made known to others.
    await setImmediate();
    this.#trees = this.#trees.filter((other) => other !== tree);
    const whose = tree.name === this.name ? "its root supervisor" : `the root supervisor of ${tree.name}`;
    this.#report(`${this.name} stopped: ${whose} ended with ${brief(reason)}`);
    await this.#stopAndExit(1);
  }

  async #release(): Promise<void> {
    this.#phase = Phase.Stopping;
    for (const signal of STOP_SIGNALS) this.#signals.off(signal, this.#onSignal);
    this.#keepAlive.close();
    await this.runtime.shutdown();
  }
}

/** What the application is told of the world around it; its spec is checked already. */
function checkHost({ runtime, signals, exit, report, stopMs }: ApplicationOptions): void {
  if (runtime !== undefined) checkRuntimeOptions(runtime);
  if (signals !== undefined) expectMethods("a source of signals", ["on", "off"], signals);
  if (stopMs !== undefined) expectDuration(stopMs);
  if (exit !== undefined) expectFunction("as exit", exit);
  if (report !== undefined) expectFunction("as report", report);
}
