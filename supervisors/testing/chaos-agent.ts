import {
  type CallResult,
  type CastResult,
  GenServer,
  noReply,
  ok,
  type Ok,
  type Pid,
  reply,
  stop,
} from "../../runtime/index.ts";
import { isCopyable, residentOf } from "../../runtime/internal.ts";
import { shardCensus } from "./census.ts";
import { harmLine, type LineHarm } from "./line-harm.ts";
import { type Armed, disarm, harm, type ProcessHarm } from "./process-fault.ts";

/** A label that is nested deeper is not told of. */
const LABEL_LEVELS = 8;

/** What it is told to do harm to. */
type AgentOrder =
  | readonly ["process", Pid, ProcessHarm]
  | readonly ["line", LineHarm]
  /** Ends the shard. */
  | readonly ["heap"]
  /** Ends itself, behind all that it was told before. */
  | readonly ["end"];

/** Harms the processes of a shard on another thread, where only who is there can. */
export class ChaosAgent extends GenServer<undefined, "census" | "disarm", AgentOrder> {
  static override readonly module: string = import.meta.url;

  readonly #armed: Armed = new Set();

  init(_arg: undefined): Ok<undefined> {
    return ok(undefined);
  }

  override handleCall(request: "census" | "disarm"): CallResult {
    if (request === "disarm") {
      disarm(this.#armed);
      return reply(undefined);
    }
    const { processes, timers } = shardCensus(this.self.runtime);
    // A label may be anything; what can't be copied would keep all the others from being told.
    const told = processes.map((one) =>
      isCopyable(one.label, LABEL_LEVELS) ? one : { ...one, label: undefined },
    );
    return reply({ processes: told, timers });
  }

  override handleCast(order: AgentOrder): CastResult {
    const { runtime } = this.self;
    if (order[0] === "heap") exhaustHeap();
    if (order[0] === "end") return stop("normal");
    if (order[0] === "line") {
      harmLine(runtime, order[1]);
      return noReply();
    }
    const process = residentOf(order[1]);
    if (process !== undefined) harm(runtime, process, order[2], this.#armed);
    return noReply();
  }
}

/** Ends with the thread. */
function exhaustHeap(): never {
  const kept: number[][] = [];
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => kept.length + index));
}
