import { type From, GenServer, noReply, ok, type Pid, reply, type Runtime } from "../../runtime/index.ts";

export type Script = (server: Scripted, input: unknown, from?: From) => unknown;

/** A server whose callbacks are handed in, and that notes what is called. */
export class Scripted extends GenServer<unknown, unknown, unknown, unknown> {
  notes: unknown[] = [];
  script: Partial<Record<"init" | "continue" | "call" | "cast" | "info" | "terminate", Script>> = {};

  init(script: Scripted["script"] & { notes?: unknown[] }): never {
    this.script = script;
    this.notes = script.notes ?? [];
    return (script.init?.(this, undefined) ?? ok(0)) as never;
  }
  override handleContinue(term: unknown): never {
    this.notes.push(["continue", term]);
    return (this.script.continue?.(this, term) ?? noReply()) as never;
  }
  override handleCall(request: unknown, from: From): never {
    this.notes.push(["call", request]);
    return (this.script.call?.(this, request, from) ?? reply(request)) as never;
  }
  override handleCast(request: unknown): never {
    this.notes.push(["cast", request]);
    return (this.script.cast?.(this, request) ?? noReply()) as never;
  }
  override handleInfo(message: unknown): never {
    this.notes.push(["info", message]);
    return (this.script.info?.(this, message) ?? noReply()) as never;
  }
  override terminate(reason: unknown): unknown {
    this.notes.push(["terminate", reason]);
    return this.script.terminate?.(this, reason);
  }
}

/** Starts a server that runs `script`, and notes in `notes` what is called. */
export function startScripted(
  runtime: Runtime,
  script: Scripted["script"],
  notes: unknown[] = [],
): Promise<Pid<Scripted>> {
  return runtime.start(Scripted, { ...script, notes } as never);
}
