import { GenServer, noReply, ok, Pid, type Self, silentLogger, stop, ignore } from "../../runtime/index.ts";
import { onProcessExit, residentOf, startChildServer } from "../../runtime/internal.ts";
import { ProcessState } from "../../runtime/process-state.ts";
import { simulate, type Simulation } from "../../runtime/testing.ts";
import type { ChildSpec, Shutdown } from "../../supervisors/index.ts";
import { DynamicSupervisor, Supervisor } from "../../supervisors/index.ts";
import { Places } from "./places.ts";
import { type Op, puppet, Script, type Stage } from "./puppet.ts";
import { type Json, Labels, raise, TermError, toTerm, toValue } from "./term.ts";
import { compareText, observationTerms, type StepTrace, type Trace } from "./trace.ts";

interface WorkerSpec {
  readonly id: string;
  readonly type?: undefined;
  readonly restart?: "permanent" | "transient" | "temporary";
  readonly shutdown?: Shutdown;
  readonly significant?: boolean;
  readonly trap?: boolean;
  readonly init?: readonly Json[];
  readonly slow?: number;
  readonly term?: "crash";
}

interface TreeSpec {
  readonly id: string;
  readonly type?: "supervisor";
  readonly strategy?: "one_for_one" | "one_for_all" | "rest_for_one" | "simple_one_for_one";
  readonly intensity?: number;
  readonly period?: number;
  readonly auto_shutdown?: "never" | "any_significant" | "all_significant";
  readonly restart?: "permanent" | "transient" | "temporary";
  readonly shutdown?: Shutdown;
  readonly significant?: boolean;
  readonly children: readonly (WorkerSpec | TreeSpec)[];
}

export interface SupervisorScenario {
  readonly id: string;
  readonly family: "supervisor";
  readonly tree: TreeSpec;
  readonly steps: readonly Step[];
}

type Step =
  | { readonly by: string; readonly do: readonly Op[] }
  | { readonly sys: Op }
  | { readonly sleep: number };

/** The defaults of OTP, where a scenario leaves them out. */
const INTENSITY = 1;
const PERIOD_S = 3_600;

/** Runs one scenario of the family `supervisor`: what becomes of the tree's processes, step by step, is the trace. */
export async function runSupervisor(scenario: SupervisorScenario, seed: number, shards = 1): Promise<Trace> {
  await using simulation = await simulate({ seed, shards, logger: silentLogger });
  current = new SupervisorRun(simulation);
  return await current.run(scenario);
}

/** The run that is going on, for the servers of its tree: what they are started with must be copyable. */
let current: SupervisorRun;

/** What happened to a child, in the log of its supervisor. */
interface Note {
  readonly group: string;
  readonly term: Json;
}

/** The end that a scenario wants of a worker. */
class End {
  readonly how: string;
  readonly reason: unknown;

  constructor(how: string, reason: unknown) {
    this.how = how;
    this.reason = reason;
  }
}

class SupervisorRun implements Stage {
  readonly labels: Labels;
  readonly places: Places;
  readonly simulation: Simulation;
  readonly #attempts = new Map<string, number>();
  readonly #dynamic = new Set<string>();
  readonly #killed = new Set<string>();
  readonly #templates = new Map<string, WorkerSpec>();
  readonly #pids: Pid[] = [];
  #notes: Note[] = [];
  #observed: { pid: Pid; message: unknown }[] = [];
  #died: { label: string; reason: unknown }[] = [];

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.places = new Places(simulation);
    this.labels = new Labels(this.places);
  }

  observe(pid: Pid, message: unknown): void {
    if (!isFailedStart((message as { reason?: unknown } | undefined)?.reason))
      this.#observed.push({ pid, message });
  }

  enter(pid: Pid, label: string): void {
    this.hello(pid, label, undefined);
  }

  hold(): void {}

  note(group: string | undefined, ...items: unknown[]): void {
    if (group !== undefined) this.#notes.push({ group, term: toTerm(items, this.labels) });
  }

  nextLabel(id: string): { readonly attempt: number; readonly label: string } {
    const attempt = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempt);
    return { attempt, label: `${id}#${attempt}` };
  }

  hello(pid: Pid, label: string, group: string | undefined): void {
    this.labels.set(label, pid);
    this.labels.setLatest(label.split("#")[0]!, pid);
    this.#pids.push(pid);
    this.note(group, "start", pid);
    onProcessExit(pid, (reason) => {
      if (reason === "killed") this.#killed.add(label);
      if (isFailedStart(reason)) return;
      if (group === undefined) this.#died.push({ label, reason });
      else this.note(group, "down", pid, reason);
    });
  }

  async run(scenario: SupervisorScenario): Promise<Trace> {
    const top = this.places.spawn(puppet(this, true, undefined));
    this.enter(top, "top");
    await this.simulation.settle();
    const steps: StepTrace[] = [await this.#start(scenario.tree, top)];
    for (const step of scenario.steps) steps.push(await this.#step(step));
    steps.push(await this.#settled(undefined));
    const { runtime } = this.simulation;
    const alive = this.#pids.filter((pid) => runtime.isAlive(pid)).map((pid) => this.labels.of(pid));
    return { id: scenario.id, steps, alive: alive.sort(compareText) };
  }

  async #start(tree: TreeSpec, top: Pid): Promise<StepTrace> {
    const Tree = tree.strategy === "simple_one_for_one" ? DynamicTree : StaticTree;
    // The puppet runs it: it is the parent of the root.
    const startRoot = async (self: Self): Promise<Json> => {
      const result = await startChildServer(self, Tree, tree, { on: { shard: this.places.next() } });
      return started(result, this.labels);
    };
    const script = new Script([startRoot]);
    this.places.home(top).send(top, script);
    await this.#quiesce();
    return this.#settled(script.results);
  }

  async #step(step: Step): Promise<StepTrace> {
    if ("sleep" in step) {
      await this.simulation.advance(step.sleep);
      return this.#settled(undefined);
    }
    if ("sys" in step) {
      let result: Json | undefined;
      void this.#system(step.sys).then((json) => {
        result = json;
      });
      do await this.#quiesce();
      while (result === undefined);
      return this.#settled(result);
    }
    const pid = this.labels.pid(step.by);
    const { runtime } = this.simulation;
    if (!runtime.isAlive(pid)) return this.#settled("dead");
    const script = new Script(step.do);
    this.places.home(pid).send(pid, script);
    await this.#quiesce();
    return this.#settled(runtime.isAlive(pid) ? script.results : "died");
  }

  /** Lets time pass for as long as somebody is in the middle of ending or starting another. */
  async #quiesce(): Promise<void> {
    const { simulation } = this;
    await simulation.settle();
    while (this.#pids.some(isBusy)) {
      const next = simulation.clock.nextTimerMs();
      if (next === undefined) return;
      await simulation.advance(Math.max(0, next - simulation.clock.nowMs()));
    }
  }

  async #settled(res: Json | undefined): Promise<StepTrace> {
    await this.#quiesce();
    const { labels } = this;
    const trace: StepTrace = res === undefined ? {} : { res };
    const ev: Record<string, Json> = {};
    for (const pid of new Set(this.#observed.map((seen) => seen.pid))) {
      if (!this.simulation.runtime.isAlive(pid)) continue;
      const messages = this.#observed.filter((seen) => seen.pid === pid).map((seen) => seen.message);
      ev[labels.of(pid)] = observationTerms(messages, labels);
    }
    for (const group of new Set(this.#notes.map((note) => note.group))) {
      ev[group] = this.#inOrder(
        group,
        this.#notes.filter((note) => note.group === group).map((note) => note.term),
      );
    }
    if (Object.keys(ev).length > 0) trace.ev = ev;
    if (this.#died.length > 0) {
      trace.died = Object.fromEntries(this.#died.map(({ label, reason }) => [label, toTerm(reason, labels)]));
    }
    this.#notes = [];
    this.#observed = [];
    this.#died = [];
    return trace;
  }

  /** Ends that nobody orders are sorted: all of them when the supervisor itself was killed, runs of them under a dynamic one. */
  #inOrder(group: string, terms: Json[]): Json[] {
    if (this.#killed.has(group)) return byText(terms);
    if (!this.#dynamic.has(group)) return terms;
    const sorted: Json[] = [];
    let run: Json[] = [];
    for (const term of terms) {
      const what = (term as { t: Json[] }).t[0];
      if (what === "term" || what === "down") {
        run.push(term);
      } else {
        sorted.push(...byText(run), term);
        run = [];
      }
    }
    return [...sorted, ...byText(run)];
  }

  /** The child spec of a scenario's child. */
  spec(child: WorkerSpec | TreeSpec): ChildSpec {
    const { id, restart, shutdown, significant } = child;
    const options = {
      id,
      on: { shard: this.places.next() },
      ...(restart === undefined ? {} : { restart }),
      ...(shutdown === undefined ? {} : { shutdown }),
      ...(significant === undefined ? {} : { significant }),
    };
    if (!isTree(child)) return { ...options, start: [Worker, child] };
    const Tree = child.strategy === "simple_one_for_one" ? DynamicTree : StaticTree;
    return { ...options, type: "supervisor", start: [Tree, child] };
  }

  markDynamic(label: string, pid: Pid, template: WorkerSpec): void {
    this.#dynamic.add(label);
    this.#templates.set(String(pid), template);
  }

  async #system([name, label, ...args]: Op): Promise<Json> {
    const { labels } = this;
    const pid = labels.has(label as string) ? labels.pid(label as string) : undefined;
    if (pid === undefined || pid.process === undefined) return "dead";
    const runtime = this.places.home(pid);
    const template = this.#templates.get(String(pid));
    const target = args[0] as string;
    switch (name) {
      case "end":
        runtime.send(pid, new End(args[0] as string, toValue(args[1]!, labels)));
        return "sent";
      case "exit2":
        return runtime.exit(pid, toValue(args[0]!, labels));
      case "start_child": {
        if (template === undefined) {
          return started(
            await Supervisor.startChild(runtime, pid, this.spec(args[0] as unknown as WorkerSpec)),
            labels,
          );
        }
        const result = await DynamicSupervisor.startChild(
          runtime,
          pid,
          this.spec({ ...template, id: target }),
        );
        // What Elixir answers as `ignore` is `{ok, undefined}` of a simple_one_for_one.
        return started(!result.ok && result.reason === "ignore" ? { ok: true } : result, labels);
      }
      case "terminate_child":
        if (template === undefined) return done(await Supervisor.terminateChild(runtime, pid, target));
        return this.#terminateDynamic(pid, target);
      case "restart_child":
        if (template !== undefined) return { t: ["error", "simple_one_for_one"] };
        return started(await Supervisor.restartChild(runtime, pid, target), labels);
      case "delete_child":
        if (template !== undefined) return { t: ["error", "simple_one_for_one"] };
        return done(await Supervisor.deleteChild(runtime, pid, target));
      case "which_children":
        return this.#whichChildren(pid, template !== undefined);
      case "count_children": {
        const Tree = template === undefined ? Supervisor : DynamicSupervisor;
        const counts = await Tree.countChildren(runtime, pid);
        // One spec, the template, stands for all children of a simple_one_for_one.
        const specs = template === undefined ? counts.specs : 1;
        const { active, supervisors, workers } = counts;
        return [
          { t: ["specs", specs] },
          { t: ["active", active] },
          { t: ["supervisors", supervisors] },
          { t: ["workers", workers] },
        ];
      }
      default:
        throw new TypeError(`No op is called ${name}`);
    }
  }

  /** As `simple_one_for_one` has it: by pid, and a dead one is fine. */
  async #terminateDynamic(pid: Pid, target: string): Promise<Json> {
    const runtime = this.places.home(pid);
    if (!target.startsWith("d")) return { t: ["error", "simple_one_for_one"] };
    const child = this.labels.has(target) ? this.labels.pid(target) : undefined;
    if (child === undefined) return { t: ["error", "simple_one_for_one"] };
    const alive = runtime.isAlive(child);
    const result = await DynamicSupervisor.terminateChild(runtime, pid, this.places.pidFor(runtime, child));
    return result.ok || !alive ? "ok" : { t: ["error", "not_found"] };
  }

  async #whichChildren(pid: Pid, dynamic: boolean): Promise<Json> {
    const runtime = this.places.home(pid);
    const children = dynamic
      ? await DynamicSupervisor.whichChildren(runtime, pid)
      : await Supervisor.whichChildren(runtime, pid);
    const rows = children.map((child) => ({
      label: child.pid instanceof Pid ? this.labels.of(child.pid) : "",
      term: {
        t: [child.id ?? "undefined", toTerm(child.pid ?? "undefined", this.labels), child.type],
      } satisfies Json,
    }));
    if (dynamic) rows.sort((a, b) => compareText(a.label, b.label));
    return rows.map((row) => row.term);
  }
}

export class StaticTree extends Supervisor {
  static override readonly module: string = import.meta.url;

  override async init(arg: never): ReturnType<Supervisor["init"]> {
    const run = current;
    const spec = arg as TreeSpec;
    const { label } = run.nextLabel(spec.id);
    run.hello(this.self.pid, label, parentOf(this.self, run));
    return super.init({
      strategy: (spec.strategy ?? "one_for_one") as "one_for_one",
      intensity: spec.intensity ?? INTENSITY,
      periodMs: (spec.period ?? PERIOD_S) * 1_000,
      autoShutdown: spec.auto_shutdown ?? "never",
      children: spec.children.map((child) => run.spec(child)),
    });
  }
}

export class DynamicTree extends DynamicSupervisor {
  static override readonly module: string = import.meta.url;

  override init(arg: never): ReturnType<DynamicSupervisor["init"]> {
    const run = current;
    const spec = arg as TreeSpec;
    const { label } = run.nextLabel(spec.id);
    run.hello(this.self.pid, label, parentOf(this.self, run));
    run.markDynamic(label, this.self.pid, spec.children[0] as WorkerSpec);
    return super.init({
      intensity: spec.intensity ?? INTENSITY,
      periodMs: (spec.period ?? PERIOD_S) * 1_000,
      autoShutdown: spec.auto_shutdown ?? "never",
    });
  }
}

interface WorkerState {
  readonly run: SupervisorRun;
  readonly spec: WorkerSpec;
  readonly group: string | undefined;
}

export class Worker extends GenServer<WorkerState> {
  static override readonly module: string = import.meta.url;

  init(spec: WorkerSpec): ReturnType<GenServer<WorkerState>["init"]> {
    const run = current;
    const { attempt, label } = run.nextLabel(spec.id);
    const group = parentOf(this.self, run);
    const hows = spec.init ?? ["ok"];
    const how = hows[Math.min(attempt, hows.length) - 1]!;
    if (how === "ok") {
      this.self.trapExit(spec.trap ?? false);
      run.hello(this.self.pid, label, group);
      return ok({ run, spec, group });
    }
    run.labels.set(label, this.self.pid);
    const value = toValue(how, run.labels.seenFrom(this.self.runtime));
    run.note(group, "init", this.self.pid, value);
    if (value === "ignore") return ignore;
    const [what, reason] = value as [string, unknown];
    if (what === "stop") return stop(reason);
    if (what === "exit") this.self.exit(reason);
    return raise(this.self, reason);
  }

  override handleInfo(message: unknown): ReturnType<NonNullable<GenServer["handleInfo"]>> {
    if (!(message instanceof End)) {
      this.state.run.observe(this.self.pid, message);
      return noReply();
    }
    if (message.how === "stop") return stop(message.reason);
    if (message.how === "exit") this.self.exit(message.reason);
    if (message.how === "error") raise(this.self, message.reason);
    throw message.reason;
  }

  override async terminate(reason: unknown): Promise<void> {
    const { run, spec, group } = this.state;
    run.note(group, "term", this.self.pid, reason);
    if (spec.slow !== undefined) await this.self.receive(() => false, { timeoutMs: spec.slow });
    if (spec.term === "crash") throw new TermError("term_crash");
  }
}

function parentOf(self: Self, run: SupervisorRun): string | undefined {
  const parent = self.info(self.pid)!.ancestors[0] as Pid;
  const label = run.labels.of(parent);
  return label === "top" ? undefined : label;
}

function isTree(child: WorkerSpec | TreeSpec): child is TreeSpec {
  return "children" in child;
}

function isFailedStart(reason: unknown): boolean {
  return (
    Array.isArray(reason) &&
    reason[0] === "shutdown" &&
    Array.isArray(reason[1]) &&
    reason[1][0] === "failed_to_start_child"
  );
}

/** In a callback that waits for something, or in a receive within one: not in its own loop. */
function isBusy(pid: Pid): boolean {
  const process = residentOf(pid);
  if (process === undefined) return false;
  return (
    process.state === ProcessState.Blocked ||
    (process.receiver !== undefined && process.instance instanceof GenServer)
  );
}

type Started =
  | { readonly ok: true; readonly pid?: Pid | undefined }
  | { readonly ok: false; readonly reason: unknown };

function started(result: Started, labels: Labels): Json {
  if (result.ok) return { t: ["ok", toTerm(result.pid ?? "undefined", labels)] };
  const { reason } = result;
  if (Array.isArray(reason) && isSpec(reason[1]))
    return { t: ["error", { t: [toTerm(reason[0], labels), "$child"] }] };
  return { t: ["error", toTerm(reason, labels)] };
}

function isSpec(value: unknown): boolean {
  return typeof value === "object" && value !== null && "shutdown" in value;
}

function done(result: { readonly ok: boolean; readonly reason?: unknown }): Json {
  return result.ok ? "ok" : { t: ["error", result.reason as string] };
}

function byText(terms: readonly Json[]): Json[] {
  return [...terms].sort((a, b) => compareText(JSON.stringify(a), JSON.stringify(b)));
}
