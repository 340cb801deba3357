import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Client } from "pg";
import { ownPort } from "./own-port.ts";

/** Debian's PostgreSQL, for one test file: on a port of its own, in a folder of its own, keeping nothing. */
export interface PostgresServer extends AsyncDisposable {
  /** Of the database that each server begins with. */
  readonly url: string;
  /** Of a schema that is made for it, and in which nothing is: as good as a database of its own, and cheaper. */
  freshUrl(): Promise<string>;
  /** It is there and says nothing, as one that swaps, or one behind a broken network. */
  pause(): void;
  resume(): void;
  /** Ends it, with all its connections; `restart` starts it again on the same port. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** What a statement answers to somebody else, in the schema of `url` if there is one. */
  query(sql: string, url?: string): Promise<unknown[]>;
}

const INSTALLED_BELOW = "/usr/lib/postgresql";
const USER = "postgres";
/** What is written needs to survive the server, not the machine. */
const SETTINGS = ["fsync=off", "full_page_writes=off", "shared_buffers=16MB"];

const binaries = binariesOf();
/** Whether Debian's package is installed. A newcomer without it is told what was left out; CI has it. */
export const hasPostgres: boolean = binaries !== undefined;

function binariesOf(): string | undefined {
  try {
    const versions = readdirSync(INSTALLED_BELOW).toSorted((a, b) => Number(a) - Number(b));
    const bin = join(INSTALLED_BELOW, versions.at(-1) ?? "", "bin");
    execFileSync(join(bin, "postgres"), ["--version"], { stdio: "ignore" });
    return bin;
  } catch {
    process.stdout.write("Tests with a real PostgreSQL are left out: postgresql is not installed.\n");
    return undefined;
  }
}

/** It refuses to run as root: then it runs as Debian's own user. */
function owner(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (what: string): number => Number(execFileSync("id", [what, USER], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries ?? "";
  const port = await ownPort();
  const ids = owner();
  const folder = mkdtempSync(join(tmpdir(), "rookery-postgres-"));
  if (ids.uid !== undefined && ids.gid !== undefined) chownSync(folder, ids.uid, ids.gid);
  const data = join(folder, "data");
  const url = `postgres://${USER}@127.0.0.1:${port}/postgres`;
  const options = { stdio: "ignore", cwd: folder, ...ids } as const;
  const made = ["-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  execFileSync(join(bin, "initdb"), made, options);
  let child: ChildProcess;
  let schemas = 0;

  const start = async (): Promise<void> => {
    const settings = [...SETTINGS, "listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=`];
    const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
    child = spawn(join(bin, "postgres"), args, options);
    while (!(await answers(url))) {
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
      await setImmediate();
    }
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    // At once: it aborts what is running and disconnects everybody. A plain kill would leave its children behind.
    child.kill("SIGQUIT");
    await ended;
  };
  const query = async (sql: string, schemaUrl: string = url): Promise<unknown[]> => {
    const client = new Client({ connectionString: schemaUrl });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  /** The server is a group of processes: each connection has one. While the first stands still, none is added and none goes. */
  const signalOthers = (signal: "SIGSTOP" | "SIGCONT"): void => {
    const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(child.pid)], { encoding: "utf8" });
    for (const pid of children.split("\n")) {
      if (pid.trim() !== "") process.kill(Number(pid), signal);
    }
  };

  await start();
  return {
    url,
    freshUrl: async () => {
      schemas += 1;
      const schema = `test_${schemas}`;
      await query(`CREATE SCHEMA ${schema}`);
      return `${url}?options=${encodeURIComponent(`-c search_path=${schema}`)}`;
    },
    pause: () => {
      child.kill("SIGSTOP");
      signalOthers("SIGSTOP");
    },
    resume: () => {
      signalOthers("SIGCONT");
      child.kill("SIGCONT");
    },
    stop,
    restart: start,
    query,
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
