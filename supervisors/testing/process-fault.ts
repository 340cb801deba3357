import { GenStatem, type Pid, type Runtime } from "../../runtime/index.ts";
import { completeCallbackMode, exitStalled, NO_STATES, type Process } from "../../runtime/internal.ts";
import { VirtualClock } from "../../runtime/testing.ts";

/** What is done to a process, as it can be told to the shard on which that lives. */
export type ProcessHarm =
  | { readonly kind: "exit"; readonly reason: unknown }
  | { readonly kind: "crash" }
  | { readonly kind: "stall"; readonly ms: number }
  | { readonly kind: "flood"; readonly messages: number }
  | OwnHarm;

/** A harm that another module knows: `inflict` on this thread; on another one what has its name there. */
export interface OwnHarm {
  readonly kind: "own";
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly inflict: Inflict | undefined;
}

/** Does something to a process of the shard of `runtime`. */
export type Inflict = (runtime: Runtime, pid: Pid, ...args: never[]) => void;

/** What the callbacks of servers are called, of whichever behaviour. */
const CALLBACKS = [
  "handleCall",
  "handleCast",
  "handleInfo",
  "handleContinue",
  "handleEvent",
  "handleIn",
  "handleOut",
] as const;

/** Those that wait for the next callback of a process: each takes itself back. */
export type Armed = Set<() => void>;

/** Takes back all that is armed. */
export function disarm(armed: Armed): void {
  // Backwards: of several on one process, each has put itself in front of the one before.
  for (const takeBack of [...armed].toReversed()) takeBack();
  armed.clear();
}

/** What `crash` throws in the callback of a process. */
export class InflictedCrash extends Error {
  override readonly name: string = "InflictedCrash";

  constructor() {
    super("chaos has made this callback throw");
  }
}

/** Does it to a process of this shard. What has to wait for a callback is in `armed` until then. */
export function harm(runtime: Runtime, process: Process, what: ProcessHarm, armed: Armed): void {
  if (what.kind === "exit") runtime.exit(process.pid, what.reason);
  else if (what.kind === "crash") crash(runtime, process, armed);
  else if (what.kind === "stall") stall(runtime, process, what.ms, armed);
  else if (what.kind === "own") inflictOwn(runtime, process.pid, what);
  else for (let n = 0; n < what.messages; n += 1) runtime.send(process.pid, { chaos: n } as never);
}

function inflictOwn(runtime: Runtime, pid: Pid, { inflict, module, name, args }: OwnHarm): void {
  if (inflict !== undefined) return inflict(runtime, pid, ...(args as never[]));
  import(module).then(
    (exports: Record<string, Inflict>) => exports[name]!(runtime, pid, ...(args as never[])),
    (error: unknown) => runtime.logger.error({ module, name, error }, "A fault could not be inflicted"),
  );
}

/** Its next callback throws, whichever that is. A process without callbacks exits as if it had thrown. */
function crash(runtime: Runtime, process: Process, armed: Armed): void {
  const intercepted = interceptNext(process, armed, () => {
    throw new InflictedCrash();
  });
  if (!intercepted) runtime.exit(process.pid, new InflictedCrash());
}

/** Its next callback holds the thread for so long before it begins. On virtual time nothing can: there it is over with it at once. */
function stall(runtime: Runtime, process: Process, ms: number, armed: Armed): void {
  const { clock } = runtime;
  if (clock instanceof VirtualClock) return exitStalled(process, true);
  interceptNext(process, armed, () => {
    const endMs = clock.nowMs() + ms;
    while (clock.nowMs() < endMs);
  });
}

/** The methods of a GenStatem to which events may go: those with the name of a state, which may be any. */
function stateFunctionsOf(server: object): ReadonlySet<string> {
  const found = new Set<string>();
  if (!(server instanceof GenStatem)) return found;
  if (completeCallbackMode(server.callbackMode())?.stateFunctions !== true) return found;
  for (let from: object = server; from !== GenStatem.prototype; from = Object.getPrototypeOf(from) as object)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(from)))
      if (typeof value === "function" && !NO_STATES.has(name)) found.add(name);
  return found;
}

/** Does `first` at the beginning of the next callback of a server; false if the process has no callbacks. */
function interceptNext({ instance }: Process, armed: Armed, first: () => void): boolean {
  const server = (instance ?? {}) as Record<string, unknown>;
  const states = stateFunctionsOf(server);
  const names = [...CALLBACKS.filter((name) => typeof server[name] === "function"), ...states];
  const own = Object.getOwnPropertyDescriptors(server);
  const restore = (): void => {
    armed.delete(takeBack);
    for (const name of names) {
      const before = own[name];
      if (before === undefined) delete server[name];
      else Object.defineProperty(server, name, before);
    }
  };
  let isArmed = true;
  const takeBack = (): void => {
    isArmed = false;
    // Another chaos may have put itself in front since.
    if (names.some((name) => server[name] === intercepted.get(name))) restore();
  };
  const intercepted = new Map<string, (...args: unknown[]) => unknown>();
  for (const name of names) {
    const before = server[name] as (...args: unknown[]) => unknown;
    const value = (...args: unknown[]): unknown => {
      // A method that its own code calls is no callback.
      if (states.has(name) && server["state"] !== name) return before.apply(server, args);
      restore();
      if (isArmed) first();
      return (server[name] as (...args: unknown[]) => unknown)(...args);
    };
    intercepted.set(name, value);
    Object.defineProperty(server, name, { configurable: true, writable: true, value });
  }
  if (names.length > 0) armed.add(takeBack);
  return names.length > 0;
}
