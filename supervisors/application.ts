import { constants } from "node:os";
import { setImmediate } from "node:timers/promises";
import { type Pid, Runtime, type RuntimeOptions, StartError, stderrLogger } from "../runtime/index.ts";
import { brief, onProcessExit } from "../runtime/internal.ts";
import type { ChildSpec } from "./child-spec.ts";
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

export interface ApplicationOptions {
  /** Names the application in what it says; its root supervisor is registered as `<name>.supervisor`. */
  readonly name: string;
  /** The children of the root supervisor, under `one_for_one`; or its options. */
  readonly start: readonly ChildSpec[] | SupervisorOptions;
  readonly runtime?: RuntimeOptions;
  /** `process` if left out. */
  readonly signals?: SignalSource;
  /** Ends the OS process: `process.exit` if left out. */
  readonly exit?: (code: number) => void;
  /** Says one sentence to the operator: a line on stderr if left out. */
  readonly report?: (sentence: string) => void;
}

const Phase = { Starting: 0, Running: 1, Stopping: 2 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/**
 * A program that is one supervision tree in a runtime of its own: OTP's application, with the node that runs it.
 *
 * It keeps Node running until it is stopped. SIGTERM or SIGINT ends the tree, last started first, each child with the time of
 * its shutdown, and then the OS process with code 0; a second signal ends it at once. When the tree does not start, or
 * its root supervisor gives up, one sentence says why, and the code is 1.
 */
export class Application {
  readonly name: string;
  readonly runtime: Runtime;
  readonly #exit: (code: number) => void;
  readonly #report: (sentence: string) => void;
  readonly #signals: SignalSource;
  // Waits for messages that never come, which is what keeps Node from exiting while every process waits, too.
  readonly #keepAlive = new MessageChannel().port1;
  #supervisor: Pid<Supervisor> | undefined;
  #phase: Phase = Phase.Starting;
  #signalled = false;
  #stopping: Promise<void> | undefined;

  private constructor(options: ApplicationOptions, runtime: Runtime) {
    this.name = options.name;
    this.runtime = runtime;
    this.#signals = options.signals ?? process;
    this.#exit = options.exit ?? ((code) => process.exit(code));
    this.#report = options.report ?? ((sentence) => process.stderr.write(`${sentence}\n`));
  }

  /**
   * Starts a runtime and in it the tree, and resolves when the tree runs. If it does not start: says so in one sentence, exits with
   * code 1 (and rejects with the StartError, should `exit` return). Reports of the failed start are logged only if its reason
   * carries no `code`: an address in use is an answer, a TypeError is a fault to look into.
   */
  static async run(options: ApplicationOptions): Promise<Application> {
    const logger = new HeldLogger(options.runtime?.logger ?? stderrLogger);
    const application = new Application(options, await Runtime.start({ ...options.runtime, logger }));
    application.#keepAlive.ref();
    for (const signal of STOP_SIGNALS) application.#signals.on(signal, application.#onSignal);
    await application.#start(options.start, logger);
    return application;
  }

  /** The root supervisor. */
  get supervisor(): Pid<Supervisor> {
    return this.#supervisor!;
  }

  /** Ends the tree in order and lets go of everything; does not exit. Rejects if the root supervisor did not end as told. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #start(start: ApplicationOptions["start"], logger: HeldLogger): Promise<void> {
    const tree = "strategy" in start ? start : { strategy: "one_for_one" as const, children: start };
    try {
      this.#supervisor = await this.runtime.start(Supervisor, tree, { name: `${this.name}.supervisor` });
    } catch (error) {
      const failure = findStartFailure(error instanceof StartError ? error.reason : error);
      if (!isExpectedFailure(failure)) logger.release();
      this.#report(`${this.name} could not start: ${startFailureText(failure)}`);
      await this.#release();
      this.#exit(1);
      throw error;
    }
    logger.release();
    this.#phase = Phase.Running;
    onProcessExit(this.supervisor, (reason) => void this.#ended(reason));
    if (this.#signalled) this.#stopAndExit();
  }

  #onSignal = (signal: StopSignal): void => {
    if (this.#signalled) return this.#exit(SIGNAL_EXIT_CODE + constants.signals[signal]);
    this.#signalled = true;
    // A tree that is starting is stopped once it has started.
    if (this.#phase !== Phase.Starting) this.#stopAndExit();
  };

  #stopAndExit(): void {
    this.stop().then(
      () => this.#exit(0),
      (error: unknown) => {
        this.#report(`${this.name} did not stop in order: ${brief(error)}`);
        this.#exit(1);
      },
    );
  }

  async #stop(): Promise<void> {
    this.#phase = Phase.Stopping;
    try {
      await this.runtime.stop(this.supervisor, "shutdown");
    } finally {
      await this.#release();
    }
  }

  async #ended(reason: unknown): Promise<void> {
    if (this.#phase !== Phase.Running) return;
    this.#phase = Phase.Stopping;
    // The death is still being made known to others.
    await setImmediate();
    this.#report(`${this.name} stopped: its root supervisor ended with ${brief(reason)}`);
    await this.#release();
    this.#exit(1);
  }

  async #release(): Promise<void> {
    this.#phase = Phase.Stopping;
    for (const signal of STOP_SIGNALS) this.#signals.off(signal, this.#onSignal);
    this.#keepAlive.close();
    await this.runtime.shutdown();
  }
}
