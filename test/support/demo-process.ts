import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ENTRY = fileURLToPath(new URL("../../demo/start.js", import.meta.url));

/** A demo server as a user starts it, with a database of its own. */
export interface DemoProcess extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  readonly databasePath: string;
}

/** Starts the demo in a process of its own, on a free port; resolves when it has printed its address. `command` is what Node is told. */
export function startDemo(
  env: Readonly<Record<string, string>> = {},
  command: readonly string[] = [ENTRY],
): Promise<DemoProcess> {
  const databasePath = env["DATABASE_PATH"] ?? join(mkdtempSync(join(tmpdir(), "rookery-demo-")), "demo.db");
  const child = spawn(process.execPath, command, {
    env: { ...process.env, PORT: "0", LOG_LEVEL: "warn", ...env, DATABASE_PATH: databasePath },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  return new Promise((resolve, reject) => {
    let output = "";
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const url = /listening on (http:\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      const stop = async (): Promise<void> => {
        child.kill("SIGTERM");
        await ended;
      };
      resolve({ url, child, databasePath, [Symbol.asyncDispose]: stop });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => reject(new Error(`the demo ended with ${code}: ${output}`)));
  });
}
