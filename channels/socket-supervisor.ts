import type { ChildSpec } from "../supervisors/index.ts";
import { DynamicSupervisor, Supervisor } from "../supervisors/index.ts";
import { type DeskStart, LongPollDesk } from "./transport/longpoll-desk.ts";

/** The name of the supervisor of a mount's channel processes. */
export function channelsSupervisor(name: string): string {
  return `${name}.channels`;
}

/** The name of the supervisor of a mount's transport processes. */
export function transportsSupervisor(name: string): string {
  return `${name}.transports`;
}

/** The name of the supervisor of the sessions of a mount's clients that poll. */
export function sessionsSupervisor(name: string): string {
  return `${name}.sessions`;
}

/**
 * The supervisors of the processes of one mount, under a name that is the mount's alone. When they are shut down, the transports
 * go first: their clients are told to come back (1012), their channels see them go. With a `pubsub`, which has to run already, there
 * are those for clients that poll as well.
 */
export function socketSupervisor(name: string, pubsub?: string): ChildSpec {
  return {
    id: name,
    name,
    nameScope: "shard",
    type: "supervisor",
    start: [
      Supervisor,
      {
        strategy: "one_for_one",
        children: [
          dynamicSupervisor(channelsSupervisor(name)),
          dynamicSupervisor(transportsSupervisor(name)),
          ...(pubsub === undefined ? [] : longPollChildren({ name, pubsub })),
        ],
      },
    ],
  };
}

function longPollChildren(start: DeskStart): ChildSpec[] {
  const desk: ChildSpec = { id: `${start.name}.desk`, start: [LongPollDesk, start] };
  return [dynamicSupervisor(sessionsSupervisor(start.name)), desk];
}

function dynamicSupervisor(name: string): ChildSpec {
  return { id: name, name, nameScope: "shard", start: [DynamicSupervisor, {}] };
}
