import {
  type CastResult,
  GenServer,
  ignore,
  type InitResult,
  noReply,
  ok,
  stop,
} from "../../runtime/index.ts";
import type { ChildSpec } from "../../supervisors/index.ts";

/** What one start of a worker does: starts, or answers ignore, or stops with a reason, or throws an error. */
export type Start = "ok" | "ignore" | { readonly stop: unknown } | Error;

export interface Script {
  readonly id: string;
  /** What happens is written here: `start a`, `end a shutdown`. */
  readonly journal: string[];
  /** What the starts to come do; the last one is never used up. */
  readonly starts: Start[];
  readonly trapExit: boolean;
  /** `terminate` waits for so long, and then does this. */
  readonly terminateMs: number;
  readonly terminate: () => unknown;
}

/** A worker that does as its script says. A cast ends it with that reason, an error is thrown. */
export class ScriptedWorker extends GenServer<Script, never, unknown> {
  init(script: Script): InitResult<Script> {
    const { id, journal, starts, trapExit } = script;
    const start = starts.length > 1 ? starts.shift()! : starts[0]!;
    journal.push(start === "ok" ? `start ${id}` : `try ${id}`);
    if (start instanceof Error) throw start;
    if (start === "ignore") return ignore;
    if (start !== "ok") return stop(start.stop);
    this.self.trapExit(trapExit);
    return ok(script);
  }

  override handleCast(reason: unknown): CastResult {
    if (reason instanceof Error) throw reason;
    return stop(reason);
  }

  override handleInfo(): CastResult {
    return noReply();
  }

  override async terminate(reason: unknown): Promise<void> {
    const { id, journal, terminateMs, terminate } = this.state;
    journal.push(`end ${id} ${reason instanceof Error ? reason.message : String(reason)}`);
    if (terminateMs > 0) await this.self.receive(() => false, { timeoutMs: terminateMs });
    terminate();
  }
}

export type WorkerOptions = Partial<Omit<Script, "id" | "journal"> & Omit<ChildSpec, "id" | "start">>;

/** The spec of a worker that is registered under its id. */
export function worker(journal: string[], id: string, options: WorkerOptions = {}): ChildSpec {
  const { starts = ["ok"], trapExit = false, terminateMs = 0, terminate = () => {}, ...spec } = options;
  return {
    id,
    start: [ScriptedWorker, { id, journal, starts, trapExit, terminateMs, terminate }],
    name: id,
    ...spec,
  };
}
