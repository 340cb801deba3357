import type { Pid } from "../pid.ts";
import type { ServerClass } from "../server-class.ts";
import type { Shard } from "../shard.ts";
import { type StartOptions, startServer, type StartResult } from "../start.ts";
import { runtimeError } from "../errors.ts";
import type { Peer } from "./peer.ts";

/** The start of a server on another shard, as it is sent there: where its class is found, and how it is bound to its starter. */
export interface RemoteStart {
  readonly module: string;
  readonly className: string;
  readonly starter: Pid | undefined;
  readonly linked: boolean;
  readonly options: StartOptions;
}

/** Carries out a start that another shard has asked for, and tells it what came of it. */
export function startHere(peer: Peer, shard: Shard, start: number, what: RemoteStart, arg: unknown): void {
  const told = (result: StartResult): void => peer.sendStarted(start, result);
  const failed = (reason: unknown): void => told({ ok: false, reason });
  findServerClass(what.module, what.className)
    .then((Server) => {
      const { starter, linked, options } = what;
      return startServer(shard, starter?.process, Server, arg, options, { linked });
    })
    .then(told, failed);
}

async function findServerClass(module: string, className: string): Promise<ServerClass> {
  const exported: object = (await import(module)) as object;
  const found = Object.values(exported).find(
    (value) => typeof value === "function" && value.name === className,
  );
  if (found === undefined) throw runtimeError("ROOKERY_NO_SERVER_CLASS", className, module);
  return found as ServerClass;
}
