import {
  type CallResult,
  type CastResult,
  GenServer,
  noReply,
  ok,
  type Ok,
  reply,
  sys,
} from "../../runtime/index.ts";
import { onProcessExit, type Process } from "../../runtime/internal.ts";
import { tapFrames } from "../../channels/internal.ts";
import { type Census, CensusTaker } from "./census.ts";
import type { ChaosKit } from "./chaos-kit.ts";
import type { ChaosPlan, Refused } from "./chaos-plan.ts";
import { ChaosRunner, type Started } from "./chaos-runner.ts";
import { RUNNER } from "./chaos-targets.ts";
import { CrashReports, type CrashReport } from "./crash-reports.ts";
import { frameText, type RawFrame, type TappedFrame } from "./frame-text.ts";
import { KnownPids } from "./known-pids.ts";
import { detailsOf, type ProcessDetails } from "./process-details.ts";
import { type PageQuery, type ProcessPage, processPage } from "./process-page.ts";
import { shownInLine } from "./shown.ts";
import { presences, type Store, storeRows, stores, type TopicLists, topicLists } from "./stores.ts";
import { branchOf, rootNode, type TreeBranch, type TreeNode } from "./supervision-tree.ts";
import { type EventCount, TelemetryCounts } from "./telemetry-counts.ts";
import { type Vitals, vitalsOf } from "./vitals.ts";
import { LastSeen, type SeenSince, Watches } from "./watches.ts";

/** The id of the debug function that a trace is. */
const TRACE = "rookery.dashboard.trace";
const TRACED_LENGTH_MAX = 400;
const ACTION_TIMEOUT_MS = 1_000;

export const ACTIONS = ["kill", "suspend", "resume"] as const;

/** What an observer is asked, and what it answers. */
export interface ObserverCalls {
  readonly vitals: { readonly asked: Record<never, never>; readonly answer: Vitals };
  readonly processes: { readonly asked: { readonly query: PageQuery }; readonly answer: ProcessPage };
  readonly process: {
    readonly asked: { readonly pid: string; readonly since: number };
    readonly answer: ProcessDetails | undefined;
  };
  readonly roots: { readonly asked: Record<never, never>; readonly answer: readonly TreeNode[] };
  readonly branches: {
    readonly asked: { readonly pids: readonly string[]; readonly max: number };
    readonly answer: readonly TreeBranch[];
  };
  readonly trace: {
    readonly asked: { readonly pid: string; readonly on: boolean };
    readonly answer: boolean;
  };
  readonly tap: {
    readonly asked: { readonly pid: string; readonly since: number };
    readonly answer: SeenSince<TappedFrame> | undefined;
  };
  readonly untap: { readonly asked: { readonly pid: string }; readonly answer: true };
  readonly topics: { readonly asked: { readonly search: string }; readonly answer: TopicLists };
  readonly presences: {
    readonly asked: { readonly name: string; readonly topic: string };
    readonly answer: ReturnType<typeof presences>;
  };
  readonly stores: { readonly asked: Record<never, never>; readonly answer: readonly Store[] };
  readonly storeRows: {
    readonly asked: { readonly kind: Store["kind"]; readonly name: string };
    readonly answer: readonly string[];
  };
  readonly crashes: { readonly asked: Record<never, never>; readonly answer: SeenSince<CrashReport> };
  readonly telemetry: { readonly asked: Record<never, never>; readonly answer: readonly EventCount[] };
  readonly act: {
    readonly asked: { readonly pid: string; readonly action: (typeof ACTIONS)[number] };
    readonly answer: "done" | "gone" | "failed";
  };
  readonly chaos: { readonly asked: ChaosPlan; readonly answer: Started | Refused | "no kit" };
}

export type ObserverCall = keyof ObserverCalls;
export type ObserverRequest = {
  readonly [Call in ObserverCall]: readonly [Call, ObserverCalls[Call]["asked"]];
}[ObserverCall];

class Tick {
  declare readonly tick?: true;
}

/**
 * Looks at the processes of its shard for those who watch from elsewhere. Does nothing until it is asked, answers with as much as fits on
 * a page, and keeps nobody from working: it looks at many processes in small steps.
 */
export class Observer extends GenServer<ChaosKit | undefined, ObserverRequest> {
  static override readonly module: string = import.meta.url;

  #census!: CensusTaker;
  #watches!: Watches;
  #known!: KnownPids;
  #crashes!: CrashReports;

  /** With a kit it lets chaos begin, too. */
  init(kit: ChaosKit | undefined): Ok<ChaosKit | undefined> {
    const { self } = this;
    self.setLabel("Looks at this shard for the dashboard");
    this.#census = new CensusTaker(self);
    this.#watches = new Watches(self, new Tick());
    this.#known = new KnownPids(self.runtime);
    this.#crashes = new CrashReports(self);
    // Also when it is killed: what it watches in other processes shall end with it.
    onProcessExit(self.pid, () => this.#watches.endAll());
    return ok(kit);
  }

  override async handleCall(request: ObserverRequest): Promise<CallResult> {
    return reply(await this.#answer(request));
  }

  override handleInfo(message: unknown): CastResult {
    if (message instanceof Tick) this.#watches.expire();
    return noReply();
  }

  async #answer([call, asked]: ObserverRequest): Promise<ObserverCalls[ObserverCall]["answer"]> {
    const { self } = this;
    switch (call) {
      case "vitals":
        return vitalsOf(self, this.#watches, await this.#census.census());
      case "processes":
        return processPage(self, asked.query);
      case "process":
        return this.#details(asked.pid, asked.since);
      case "roots":
        return this.#roots(await this.#census.census());
      case "branches":
        return asked.pids.flatMap((pid) => {
          const process = this.#known.find(pid);
          return (process === undefined ? undefined : branchOf(process, asked.max)) ?? [];
        });
      case "trace":
        return this.#setTrace(asked.pid, asked.on);
      case "tap":
        return this.#tap(asked.pid, asked.since);
      case "untap":
        this.#watches.end(`tap ${asked.pid}`);
        return true;
      case "topics":
        return topicLists(self, await this.#census.census(), asked.search);
      case "presences":
        return presences(self, asked.name, asked.topic);
      case "stores":
        return stores(self, await this.#census.census());
      case "storeRows":
        return storeRows(self, asked.kind, asked.name);
      case "crashes":
        return this.#crashes.since(0);
      case "telemetry":
        return this.#telemetry();
      case "act":
        return this.#act(asked.pid, asked.action);
      case "chaos":
        return this.#startChaos(asked);
    }
  }

  #roots({ roots }: Census): readonly TreeNode[] {
    return roots.flatMap((pid) => {
      const process = this.#known.find(String(pid));
      return process === undefined ? [] : rootNode(process);
    });
  }

  async #details(pid: string, since: number): Promise<ProcessDetails | undefined> {
    const process = this.#known.find(pid);
    if (process === undefined) return undefined;
    // A trace that is looked at goes on.
    const trace = this.#watches.renewed<LastSeen<string>>(`trace ${pid}`)?.since(since);
    return detailsOf(this.self, process, trace);
  }

  async #setTrace(pid: string, on: boolean): Promise<boolean> {
    const key = `trace ${pid}`;
    if (!on) this.#watches.end(key);
    const process = this.#known.find(pid);
    if (!on || process?.behaviour.system === undefined || process.pid === this.self.pid) return false;
    const { self } = this;
    const events = new LastSeen<string>(self);
    const run = (_state: undefined, event: readonly unknown[]): undefined => {
      events.add(shownInLine(event, TRACED_LENGTH_MAX));
    };
    try {
      await sys.install(self, process.pid, { id: TRACE, run, state: undefined }, ACTION_TIMEOUT_MS);
    } catch {
      return false;
    }
    this.#watches.ask(key, () => [events, () => this.#endTrace(process)]);
    return true;
  }

  #endTrace({ pid }: Process): void {
    const { runtime } = this.self;
    // Nobody waits for it: what is traced may be busy, or dead.
    void sys.remove(runtime, pid, TRACE).catch(() => {});
  }

  #tap(pid: string, since: number): SeenSince<TappedFrame> | undefined {
    const process = this.#known.find(pid);
    if (process === undefined) return undefined;
    const key = `tap ${pid}`;
    const frames = this.#watches.renewed<LastSeen<RawFrame>>(key) ?? this.#startTap(process, key);
    if (frames === undefined) return undefined;
    const { last, missed, seen } = frames.since(since);
    return { last, missed, seen: seen.map(({ n, atMs, item }) => ({ n, atMs, item: frameText(item) })) };
  }

  #startTap({ pid }: Process, key: string): LastSeen<RawFrame> | undefined {
    const frames = new LastSeen<RawFrame>(this.self);
    const stop = tapFrames(pid, (direction, data) => frames.add({ direction, data }));
    return stop === undefined ? undefined : this.#watches.ask(key, () => [frames, stop]);
  }

  #telemetry(): readonly EventCount[] {
    const counts = this.#watches.ask("telemetry", () => {
      const started = new TelemetryCounts();
      return [started, () => started.stop()];
    });
    return counts.counts;
  }

  async #act(pid: string, action: (typeof ACTIONS)[number]): Promise<"done" | "gone" | "failed"> {
    const { self } = this;
    const process = this.#known.find(pid);
    if (process === undefined) return "gone";
    const behaviour = process.behaviour.describe(process);
    self.runtime.logger.warn({ action, pid, name: process.name, behaviour }, `Dashboard: ${action} ${pid}`);
    if (action === "kill") {
      self.exit(process.pid, "kill");
      return "done";
    }
    try {
      await sys[action](self, process.pid, ACTION_TIMEOUT_MS);
      return "done";
    } catch {
      return "failed";
    }
  }
  async #startChaos(plan: ChaosPlan): Promise<ObserverCalls["chaos"]["answer"]> {
    const { runtime } = this.self;
    if (this.state === undefined) return "no kit";
    // By nobody: it outlives whom it strikes. Another page may have been faster.
    if (runtime.whereis(RUNNER) === undefined)
      await runtime.start(ChaosRunner, this.state, { name: RUNNER }).catch(() => undefined);
    return runtime.call(RUNNER, ["start", plan] as never) as Promise<Started | Refused>;
  }
}
