import {
  type CallbackMode,
  type DownMessage,
  GenStatem,
  initialState,
  keepState,
  nextEvent,
  nextState,
  type Pid,
  type Runtime,
  type Self,
  type StatemAction,
  type StatemActions,
  type StatemEvent,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";

export type Handler = (machine: Machine, event: StatemEvent) => unknown;

/** What a machine does: with an event whose content is a key of `on`, that; everything else keeps the state. */
export interface Script {
  readonly init?: (machine: Machine) => unknown;
  readonly mode?: unknown;
  readonly on?: Readonly<Record<string, Handler>>;
  readonly enter?: Handler;
  readonly terminate?: (machine: Machine, reason: unknown) => unknown;
  readonly notes?: unknown[];
}

/** A machine whose callbacks are handed in, and that notes what happens in which state. */
export class Machine extends GenStatem {
  notes: unknown[] = [];
  script: Script = {};

  init(script: Script): never {
    this.script = script;
    this.notes = script.notes ?? [];
    return (script.init === undefined ? initialState("a", 0) : script.init(this)) as never;
  }
  override callbackMode(): CallbackMode {
    const { enter, mode = enter === undefined ? "handle_event_function" : WITH_ENTER } = this.script;
    return mode as CallbackMode;
  }
  override handleEvent(event: StatemEvent): never {
    const what = event.type === "enter" ? event.oldState : event.content;
    this.notes.push([this.state, event.type, what]);
    const handler = event.type === "enter" ? this.script.enter : this.script.on?.[String(what)];
    return (handler === undefined ? keepState() : handler(this, event)) as never;
  }
  override terminate(reason: unknown): unknown {
    this.notes.push(["terminate", reason, this.state, this.data]);
    return this.script.terminate?.(this, reason);
  }
}

const WITH_ENTER = ["handle_event_function", "state_enter"];

export function startMachine(runtime: Runtime, script: Script): Promise<Pid<Machine>> {
  return runtime.start(Machine, script);
}

/** What is noted when a machine gets these casts at once. */
export async function notesOf(
  runtime: Runtime,
  script: Script,
  casts: readonly unknown[],
): Promise<unknown[]> {
  const notes: unknown[] = [];
  const pid = await startMachine(runtime, { ...script, notes });
  for (const cast of casts) runtime.cast(pid, cast);
  await settle(runtime);
  return notes;
}

/** How a machine ends after `provoke`. */
export async function endOf(
  runtime: Runtime,
  script: Script,
  provoke: (self: Self, pid: Pid) => void,
): Promise<unknown> {
  const pid = await startMachine(runtime, script);
  return runInProcess(runtime, async (self) => {
    self.monitor(pid);
    provoke(self, pid);
    return ((await self.receive()) as DownMessage).reason;
  });
}

/** How a machine ends when it is cast "m". */
export function endOnM(runtime: Runtime, handler: Handler, script: Script = {}): Promise<unknown> {
  return endOf(runtime, { ...script, on: { m: handler } }, (self, pid) => self.cast(pid, "m"));
}

export const keep = (actions?: StatemActions) => (): unknown => keepState(actions);
export const next = (state: unknown, actions?: StatemActions) => (): unknown => nextState(state, actions);
export const internal = (content: unknown): StatemAction => nextEvent({ type: "internal", content });
