import {
  type CallResult,
  type CastResult,
  GenServer,
  noReply,
  ok,
  type Ok,
  type Pid,
  reply,
} from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import type { ChaosKit, StruckFault } from "./chaos-kit.ts";
import type { ChaosPlan, Refused } from "./chaos-plan.ts";
import { ChaosRun } from "./chaos-run.ts";
import { harmOf } from "./chaos-targets.ts";

/** What a runner is asked. */
export type RunnerRequest =
  | readonly ["start", ChaosPlan]
  | readonly ["stop"]
  | readonly ["shown", id: string, since: number];

export interface Started {
  readonly started: string;
}

/** Chaos has come to an end, by itself or because it could not go on. */
class Ended {
  readonly run: ChaosRun;
  readonly missed: readonly string[];
  /** Undefined if it has gone well. */
  readonly error: unknown;

  constructor(run: ChaosRun, missed: readonly string[], error?: unknown) {
    this.run = run;
    this.missed = missed;
    this.error = error;
  }
}

/**
 * Runs chaos for the pages, one run at a time, and knows of the last one. Nobody supervises it, so that a run goes on whoever is struck by
 * it. A run ends with this process, if somebody kills that.
 */
export class ChaosRunner extends GenServer<ChaosKit, RunnerRequest, never, Ended> {
  #run: ChaosRun | undefined = undefined;
  #runs = 0;
  #ending = new AbortController();

  init(kit: ChaosKit): Ok<ChaosKit> {
    const { self } = this;
    self.setLabel("Runs chaos for the dashboard");
    onProcessExit(self.pid, () => void this.#stop());
    return ok(kit);
  }

  override handleCall(request: RunnerRequest): CallResult {
    if (request[0] === "start") return reply(this.#start(request[1]));
    if (request[0] === "stop") return reply({ stopped: this.#stop() });
    return reply(this.#run?.shown(request[1], request[2], this.self.runtime.clock.nowMs()));
  }

  override handleInfo(message: Ended): CastResult {
    // Somebody may flood it.
    if (!(message instanceof Ended)) return noReply();
    const { run, missed, error } = message;
    run.missed = missed;
    if (run.isRunning) this.#end(run, error === undefined ? "over" : "failed", textOf(error));
    return noReply();
  }

  #start(plan: ChaosPlan): Started | Refused {
    const { pid, runtime } = this.self;
    const { clock } = runtime;
    if (this.#run?.isRunning === true)
      return { refused: `Expected one run at a time, but the one with seed ${this.#run.plan.seed} goes on` };
    this.#runs += 1;
    // Also told from those of an earlier runner, which may have had the same pid.
    const id = `${String(pid)} ${clock.systemTimeMs()} ${this.#runs}`;
    const run = new ChaosRun(id, plan, clock.nowMs(), clock.systemTimeMs());
    this.#run = run;
    this.#ending = new AbortController();
    const { seed, durationMs } = plan;
    runtime.logger.warn({ seed, durationMs }, `Dashboard: chaos begins: ${run.line}`);
    const chance = "script" in plan ? { script: plan.script } : { rateHz: plan.rateHz };
    const { signal } = this.#ending;
    const onFault = (fault: StruckFault): void => this.#struck(run, fault);
    this.state
      .chaos(runtime, { seed, durationMs, ...chance, ...harmOf(this.state, plan), signal, onFault })
      .then(
        ({ missed }) => runtime.send(pid as Pid<ChaosRunner>, new Ended(run, missed)),
        (error: unknown) => runtime.send(pid as Pid<ChaosRunner>, new Ended(run, [], error ?? "no reason")),
      );
    return { started: id };
  }

  #struck(run: ChaosRun, { atMs, fault, target }: StruckFault): void {
    const { clock, logger } = this.self.runtime;
    run.add({ atMs, fault, target }, clock.systemTimeMs());
    const { seed } = run.plan;
    logger.warn({ atMs, fault, target, seed }, `Dashboard: chaos, ${fault}, ${target}`);
  }

  #stop(): boolean {
    const run = this.#run;
    if (run?.isRunning !== true) return false;
    this.#ending.abort();
    this.#end(run, "stopped", "");
    return true;
  }

  #end(run: ChaosRun, state: "over" | "stopped" | "failed", why: string): void {
    const { clock, logger } = this.self.runtime;
    run.end(state, why, clock.nowMs());
    const { struck, plan } = run;
    const times = `${struck} ${struck === 1 ? "fault" : "faults"}`;
    const because = why === "" ? "" : `: ${why}`;
    logger.warn({ seed: plan.seed, struck }, `Dashboard: chaos ${state} after ${times}${because}`);
  }
}

function textOf(error: unknown): string {
  if (error === undefined) return "";
  return error instanceof Error ? error.message : String(error);
}
