import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A fresh process that runs a file of this repository as production would. Its messages are read in order, none is lost. */
export class Child {
  readonly #process: ChildProcess;
  readonly #messages: unknown[] = [];
  readonly #exited: Promise<unknown>;
  #output = "";
  #changed: () => void = () => {};

  constructor(file: string, { args = [], execArgv = [], env = {} }: ChildOptions) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      execArgv: [...execArgv],
      env: { ...process.env, NODE_ENV: "production", ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#exited = once(this.#process, "exit").then(() => this.#changed());
    this.#process.on("message", (message) => {
      this.#messages.push(message);
      this.#changed();
    });
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.on("data", (chunk) => {
        this.#output = (this.#output + String(chunk)).slice(-10_000);
        this.#changed();
      });
    }
  }

  send(message: string): void {
    this.#process.send(message);
  }

  /** The next message of the child. Rejects with what it printed if it exits first. */
  async message(): Promise<unknown> {
    await this.#until(() => this.#messages.length > 0);
    return this.#messages.shift();
  }

  /** Waits until the child has printed what `pattern` matches. */
  async printed(pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.#output));
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { exitCode, signalCode } = this.#process;
      if (exitCode !== null || signalCode !== null) {
        throw new Error(
          `${this.#process.spawnargs.join(" ")} exited with ${exitCode ?? signalCode}:\n${this.#output}`,
        );
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#exited;
  }
}
