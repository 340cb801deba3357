import { ChannelServer, ConnectionServer, TrackerServer } from "../../channels/internal.ts";
import { PubSub } from "../../channels/index.ts";
import { Registry } from "../../runtime/index.ts";
import { DynamicSupervisor, Supervisor } from "../../supervisors/index.ts";

/** What a process is, as far as the dashboard has more to say of it than of any. */
export type ProcessKind = "channel" | "process" | "pubsub" | "registry" | "socket" | "supervisor" | "tracker";

const KINDS = [
  [ConnectionServer, "socket"],
  [ChannelServer, "channel"],
  [Supervisor, "supervisor"],
  [DynamicSupervisor, "supervisor"],
  [PubSub, "pubsub"],
  [TrackerServer, "tracker"],
  [Registry, "registry"],
] as const;

/** Looking through all of them for each of many processes would take longer than all else. */
const byClass = new WeakMap<object, ProcessKind>();

/** What a process is, by what it runs. */
export function kindOf(instance: unknown): ProcessKind {
  if (typeof instance !== "object" || instance === null) return "process";
  const prototype = Object.getPrototypeOf(instance) as object | null;
  if (prototype === null) return "process";
  let kind = byClass.get(prototype);
  if (kind === undefined) {
    kind = KINDS.find(([Class]) => instance instanceof Class)?.[1] ?? "process";
    byClass.set(prototype, kind);
  }
  return kind;
}
