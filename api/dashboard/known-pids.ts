import type { Pid, Runtime } from "../../runtime/index.ts";
import { type Process, residentOf } from "../../runtime/internal.ts";
import { livingProcesses } from "./living-processes.ts";

const KNOWN_MAX = 5_000;
const PID_TEXT = /^<(\d{1,15})\.(\d{1,15})>$/;

/** The number of the shard in the text of a pid; undefined for what is none. */
export function shardOfPidText(text: string): number | undefined {
  const shard = PID_TEXT.exec(text)?.[1];
  return shard === undefined ? undefined : Number(shard);
}

/** The processes of this shard by the texts of their pids. Those that were asked for lately are at hand. */
export class KnownPids {
  readonly #runtime: Runtime;
  readonly #pids = new Map<string, Pid>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** The living process with that pid. */
  find(text: string): Process | undefined {
    const known = this.#pids.get(text);
    if (known !== undefined) return residentOf(known);
    const id = Number(PID_TEXT.exec(text)?.[2]);
    for (const process of livingProcesses(this.#runtime)) {
      if (process.pid.id < id) continue;
      if (String(process.pid) !== text) return undefined;
      if (this.#pids.size >= KNOWN_MAX) this.#pids.clear();
      this.#pids.set(text, process.pid);
      return process;
    }
    return undefined;
  }
}
