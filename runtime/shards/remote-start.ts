import type { Pid } from "../pid.ts";
import type { ServerClass } from "../server-class.ts";
import type { Shard } from "../shard.ts";
import { beginStart, type StartOptions, type StartResult } from "../start.ts";
import { runtimeError } from "../errors.ts";
import { arrivedName, type CrossingName } from "./crossing-name.ts";
import { importForServers } from "./module-import.ts";
import type { Peer } from "./peer.ts";

/** The start of a server on another shard, as it is sent there: where its class is found, and how it is bound to its starter. */
export interface RemoteStart {
  readonly module: string;
  readonly className: string;
  readonly starter: Pid | undefined;
  /** Whether it traps exits: then the start is all that tells it of an end in `init`. */
  readonly starterTraps: boolean;
  readonly linked: boolean;
  readonly monitored: boolean;
  readonly options: StartOptions;
}

/** Carries out a start that another shard has asked for, and tells it what came of it. */
export function startHere(peer: Peer, shard: Shard, start: number, what: RemoteStart, arg: unknown): void {
  const { module, className, starter, starterTraps, linked, monitored, options } = what;
  const told = (result: StartResult): void => peer.sendStarted(start, result, monitored);
  const begin = (Server: ServerClass): void => {
    // Who is dead starts nothing.
    if (starter !== undefined && starter.process === undefined) return;
    try {
      const { name } = options as { readonly name?: CrossingName };
      const named = name === undefined ? options : { ...options, name: arrivedName(name) as string };
      beginStart(shard, starter?.process, Server, arg, named, { linked, starterTraps }, told);
    } catch (reason) {
      told({ ok: false, reason });
    }
  };
  const known = knownClasses.get(`${module} ${className}`);
  if (known !== undefined) return begin(known);
  const interconnect = shard.interconnect!;
  interconnect.loading += 1;
  shard.scheduler.pulse.loads();
  void findServerClass(module, className)
    .then(begin, (reason: unknown) => told({ ok: false, reason }))
    .finally(() => {
      interconnect.loading -= 1;
      shard.scheduler.pulse.loaded();
    });
}

/** The classes that were found, by module and name: the next start need not wait. */
const knownClasses = new Map<string, ServerClass>();

async function findServerClass(module: string, className: string): Promise<ServerClass> {
  const exported = await importForServers(module);
  const found = Object.values(exported).find(
    (value) => typeof value === "function" && value.name === className,
  );
  if (found === undefined) throw runtimeError("ROOKERY_NO_SERVER_CLASS", className, module);
  knownClasses.set(`${module} ${className}`, found as ServerClass);
  return found as ServerClass;
}
