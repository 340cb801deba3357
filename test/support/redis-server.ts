import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPort } from "./own-port.ts";

/** Debian's Redis, for one test: on a port of its own, in a folder of its own, keeping nothing. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  /** It is there and says nothing, as one that swaps, or one behind a broken network. */
  pause(): void;
  resume(): void;
  /** Ends it without a farewell. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** What redis-cli says to a command. */
  command(...args: string[]): string;
}

/** Whether Debian's package is installed. A newcomer without it is told what was left out; CI has it. */
export const hasRedis: boolean = isInstalled();

function isInstalled(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    process.stdout.write("Tests with a real Redis are left out: redis-server is not installed.\n");
    return false;
  }
}

/** Whether a Redis on that port answers. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("data", (data) => end(data.toString().startsWith("+PONG")));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
  });
}

export async function startRedis(): Promise<RedisServer> {
  const port = await ownPort();
  const dir = mkdtempSync(join(tmpdir(), "rookery-redis-"));
  const options = { port, bind: "127.0.0.1", dir, save: "", appendonly: "no", loglevel: "warning" };
  let child: ChildProcess;

  const start = async (): Promise<void> => {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    child = spawn("redis-server", args, { stdio: "ignore" });
    while (!(await answers(port)))
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    kill,
    restart: start,
    command: (...args) =>
      execFileSync("redis-cli", ["-p", String(port), ...args], { encoding: "utf8" }).trim(),
    [Symbol.asyncDispose]: async () => {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
