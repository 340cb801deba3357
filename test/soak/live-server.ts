import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ChaoticSettings } from "./chaotic-demo.ts";

const ENTRY = fileURLToPath(new URL("chaotic-demo.ts", import.meta.url));

/** The demo in a process of its own, with faults inflicted inside of it. */
export class LiveServer {
  readonly url: string;
  readonly #child: ChildProcess;
  #isKilled = false;
  #failure: string | undefined;

  private constructor(child: ChildProcess, url: string, output: () => string) {
    this.#child = child;
    this.url = url;
    child.once("exit", (code, signal) => {
      if (!this.#isKilled) this.#failure = `the server ended with ${code ?? signal}: ${output()}`;
    });
  }

  /** Resolves when it listens. */
  static start(settings: ChaoticSettings): Promise<LiveServer> {
    const child = spawn(process.execPath, [ENTRY, JSON.stringify(settings)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Promise((resolve, reject) => {
      let output = "";
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const url = /listening on (http:\S+)/.exec(output)?.[1];
        if (url !== undefined) resolve(new LiveServer(child, url, () => output));
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("exit", (code) =>
        reject(new Error(`the server did not start, but ended with ${code}: ${output}`)),
      );
    });
  }

  /** What it has ended with, though nobody has killed it. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await ended;
  }
}
