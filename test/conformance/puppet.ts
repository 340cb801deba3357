import {
  DownMessage,
  ExitMessage,
  type Pid,
  type Ref,
  RookeryError,
  type Self,
  TIMEOUT,
} from "../../runtime/index.ts";
import type { Places } from "./places.ts";
import { type Json, type Labels, raise, toTerm, toValue } from "./term.ts";

export type Op = readonly [name: string, ...args: Json[]];

/** An op that no scenario spells out. */
export type Act = (self: Self) => Promise<Json>;

/** Ops for a puppet, and where their results go; `undefined` results mean that it died of them. */
export class Script {
  readonly ops: readonly (Op | Act)[];
  results: Json[] | undefined = undefined;

  constructor(ops: readonly (Op | Act)[]) {
    this.ops = ops;
  }
}

/** What puppets share: the labels, and what they have received in this step. */
export interface Stage {
  readonly labels: Labels;
  readonly places: Places;
  /** Messages that puppets took, in the order of taking; a held puppet takes none. */
  observe(pid: Pid, message: unknown): void;
  /** A puppet was made. */
  enter(pid: Pid, label: string): void;
  hold(pid: Pid, held: boolean): void;
}

class Return extends Error {}

/** A puppet that was spawned stands as it was told to. */
const READY = "$ready";

/** A process that does as it is told, and tells what it receives. */
export function puppet(stage: Stage, trap: boolean, spawner: Pid | undefined): (self: Self) => Promise<void> {
  return async (self) => {
    self.trapExit(trap);
    if (spawner !== undefined) self.send(spawner, READY);
    let held = false;
    const isScript = (message: unknown): boolean => message instanceof Script;
    for (;;) {
      const message: unknown = await (held ? self.receive(isScript) : self.receive());
      if (!(message instanceof Script)) {
        stage.observe(self.pid, message);
        continue;
      }
      const results: Json[] = [];
      try {
        for (const op of message.ops) {
          if (typeof op === "function") {
            results.push(await op(self));
          } else if (op[0] === "hold" || op[0] === "resume") {
            held = op[0] === "hold";
            stage.hold(self.pid, held);
            results.push(true);
          } else {
            results.push(await perform(self, op, stage));
          }
        }
      } catch (error) {
        if (error instanceof Return) return;
        throw error instanceof Thrown ? error.value : error;
      }
      message.results = results;
    }
  };
}

/** A value that a script throws on purpose, past the net that catches an op's exception. */
class Thrown {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

async function perform(self: Self, op: Op, stage: Stage): Promise<Json> {
  const labels = stage.labels.seenFrom(self.runtime);
  const [name, ...args] = op;
  await stage.places.arrived(self);
  if (name === "return") throw new Return();
  if (name === "exit") self.exit(toValue(args[0]!, labels));
  if (name === "error") raise(self, toValue(args[0]!, labels));
  if (name === "throw") throw new Thrown(toValue(args[0]!, labels));
  try {
    return await act(self, op, stage);
  } catch (error) {
    if (error instanceof RookeryError && self.isAlive(self.pid)) {
      return { exc: ["error", error.code === "ROOKERY_NOPROC" ? "noproc" : "badarg"] };
    }
    throw error;
  }
}

async function act(self: Self, [name, ...args]: Op, stage: Stage): Promise<Json> {
  const labels = stage.labels.seenFrom(self.runtime);
  const { places } = stage;
  const text = args[0] as string;
  const term = (value: unknown): Json => toTerm(value, labels);
  const dest = (label: string): Pid | Ref | string => (label.startsWith("n") ? label : labels.ref(label));
  const named = (label: string, ref: Ref): Json => {
    labels.set(label, ref, self.runtime);
    return term(ref);
  };
  switch (name) {
    case "trap":
      return self.trapExit(args[0] as boolean);
    case "send":
      self.send(dest(text), ["m", self.pid, args[1]]);
      return "sent";
    case "exit2":
      return self.exit(labels.pid(text), toValue(args[1]!, labels));
    case "link":
      return self.link(labels.pid(text));
    case "unlink":
      return self.unlink(labels.pid(text));
    case "monitor": {
      const options = (args[2] ?? {}) as { alias?: "explicit_unalias"; tag?: string };
      return named(args[1] as string, self.monitor(dest(text) as Pid | string, options));
    }
    case "demonitor": {
      const flags = (args[1] ?? []) as string[];
      return self.demonitor(labels.ref(text), {
        flush: flags.includes("flush"),
        info: flags.includes("info"),
      });
    }
    case "alias":
      return named(text, self.alias({ reply: args[1] !== undefined }));
    case "unalias":
      return self.unalias(labels.ref(text));
    case "register": {
      // Each shard gives names to its own processes.
      const pid = labels.own(args[1] as string) as Pid;
      if (pid === self.pid) self.register(text, pid);
      else places.home(pid).register(text, pid);
      return true;
    }
    case "unregister": {
      const holder = self.whereis(text);
      if (holder === undefined || holder.shard === self.pid.shard) self.unregister(text);
      else places.home(holder).unregister(text);
      return true;
    }
    case "whereis":
      return term(self.whereis(text) ?? "undefined");
    case "alive":
      return self.isAlive(labels.pid(text));
    case "info":
      return info(places, labels.own(text) as Pid, args[1] as string[], labels);
    case "spawn":
      return spawn(self, text, (args[1] ?? {}) as SpawnOptions, stage);
    case "send_after":
      return named(text, self.sendAfter(args[1] as number, dest(args[2] as string), ["m", text, args[3]]));
    case "start_timer":
      return named(text, self.startTimer(args[1] as number, dest(args[2] as string), args[3]));
    case "cancel_timer":
      return self.cancelTimer(labels.own(text) as Ref) === false ? false : "$ms";
    case "read_timer":
      return self.readTimer(labels.own(text) as Ref) === false ? false : "$ms";
    case "recv": {
      const message = await self.receive(matcher(text, args[1] as string, labels), { timeoutMs: 0 });
      return message === TIMEOUT ? "timeout" : term(message);
    }
    default:
      throw new TypeError(`No op is called ${name}`);
  }
}

interface SpawnOptions {
  readonly link?: boolean;
  readonly trap?: boolean;
  readonly monitor?: string;
}

async function spawn(self: Self, label: string, options: SpawnOptions, stage: Stage): Promise<Json> {
  const { places } = stage;
  const runtime = places.runtimes[places.next()]!;
  const body = puppet(stage, options.trap ?? false, places.pidFor(runtime, self.pid));
  let pid: Pid;
  if (runtime === self.runtime) {
    pid = options.link === true ? self.spawnLink(body) : self.spawn(body);
  } else {
    pid = places.pidFor(self.runtime, runtime.spawn(body));
    if (options.link === true) self.link(pid);
  }
  if (options.monitor !== undefined) stage.labels.set(options.monitor, self.monitor(pid), self.runtime);
  stage.enter(places.ownPid(pid), label);
  await self.receive((message) => message === READY);
  return toTerm(pid, stage.labels);
}

function matcher(what: string, label: string, labels: Labels): (message: unknown) => boolean {
  if (what === "exit")
    return (message) => message instanceof ExitMessage && message.pid === labels.pid(label);
  if (what === "down")
    return (message) => message instanceof DownMessage && message.ref === labels.ref(label);
  return (message) => Array.isArray(message) && message[0] === "m" && message[1] === labels.pid(label);
}

function info(places: Places, pid: Pid, items: readonly string[], labels: Labels): Json {
  const found = places.home(pid).info(pid);
  if (found === undefined) return "undefined";
  const known = (pids: readonly unknown[]): Json => {
    const names = pids.map((item) => (isName(item) ? item.name : labels.of(item as Pid)));
    return names.filter((name) => name !== "?").sort();
  };
  const values: Record<string, Json> = {
    links: known(found.links),
    monitors: known(found.monitors),
    monitored_by: known(places.watchersOf(pid)),
    registered_name: found.registeredName ?? [],
    trap_exit: found.trapExit,
    message_queue_len: found.messageQueueLength,
  };
  return items.map((item) => ({ t: [item, values[item]!] }));
}

function isName(item: unknown): item is { readonly name: string } {
  return typeof item === "object" && item !== null && "node" in item;
}
