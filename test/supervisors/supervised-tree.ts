import { afterEach, beforeEach } from "vitest";
import { type Logger, type Pid, Runtime } from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import {
  type ChildSpec,
  DynamicSupervisor,
  type DynamicSupervisorOptions,
  Supervisor,
  type SupervisorOptions,
} from "../../supervisors/index.ts";
import { worker, type WorkerOptions } from "./scripted-worker.ts";

// Importing this gives each test of a file a runtime of its own, and what it wrote.

interface Report {
  readonly supervisor: string;
  readonly context?: string;
  readonly reason?: unknown;
  readonly message?: string;
  readonly offender?: { readonly id: string };
}

export let clock: VirtualClock;
export let runtime: Runtime;
export let journal: string[];
/** `child_terminated a boom`, `unexpected hello`. */
export let reports: string[];
export let lastReport: Report | undefined;
export let progress: string[];

beforeEach(async () => {
  clock = new VirtualClock();
  journal = [];
  reports = [];
  progress = [];
  const error = (fields: Report) => {
    const { context, reason, message, offender } = fields;
    lastReport = fields;
    if (context !== undefined) reports.push(`${context} ${offender?.id} ${String(reason)}`);
    else if (message !== undefined) reports.push(`unexpected ${message}`);
  };
  const debug = (fields: { started?: { id: string } }) => void progress.push(String(fields.started?.id));
  runtime = await Runtime.start({ clock, logger: { debug, info() {}, warn() {}, error } as Logger });
});

afterEach(() => runtime.shutdown());

/** Starts the root "top". */
export async function start(
  children: readonly ChildSpec[],
  options: Partial<SupervisorOptions> = {},
): Promise<Pid<Supervisor>> {
  return runtime.start(Supervisor, { strategy: "one_for_one", children, ...options }, { name: "top" });
}

/** Starts the root "top" as a DynamicSupervisor. */
export function startDynamic(options: DynamicSupervisorOptions = {}): Promise<Pid<DynamicSupervisor>> {
  return runtime.start(DynamicSupervisor, options, { name: "top" });
}

/** Starts a worker, which must start, under the DynamicSupervisor. */
export async function add(id: string, options?: WorkerOptions): Promise<Pid> {
  const started = await DynamicSupervisor.startChild(runtime, "top", worker(journal, id, options));
  if (!started.ok) throw new Error(`${id} did not start`);
  return started.pid;
}

/** What was written since the last look, once everything waits. */
export async function happened(): Promise<string[]> {
  await settle(runtime);
  return journal.splice(0);
}

export async function crash(name: string, reason: unknown = "boom"): Promise<string[]> {
  runtime.cast(name, reason);
  return happened();
}

/** `a`, `b-` without a process, `c?` restarting. */
export async function children(supervisor: string | Pid = "top"): Promise<string> {
  const list = await Supervisor.whichChildren(runtime, supervisor);
  return list
    .map(({ id, pid }) => `${id}${pid === undefined ? "-" : pid === "restarting" ? "?" : ""}`)
    .join(" ");
}

export const a = (options?: WorkerOptions): ChildSpec => worker(journal, "a", options);
export const b = (options?: WorkerOptions): ChildSpec => worker(journal, "b", options);
export const c = (options?: WorkerOptions): ChildSpec => worker(journal, "c", options);
