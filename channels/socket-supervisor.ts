import type { ChildSpec } from "../supervisors/index.ts";
import { DynamicSupervisor, Supervisor } from "../supervisors/index.ts";

/** The name of the supervisor of a mount's channel processes. */
export function channelsSupervisor(name: string): string {
  return `${name}.channels`;
}

/** The name of the supervisor of a mount's transport processes. */
export function transportsSupervisor(name: string): string {
  return `${name}.transports`;
}

/**
 * The supervisors of the processes of one mount, under a name that is the mount's alone. When they are shut down, the transports
 * go first: their clients are told to come back (1012), their channels see them go.
 */
export function socketSupervisor(name: string): ChildSpec {
  return {
    id: name,
    name,
    nameScope: "shard",
    type: "supervisor",
    start: [
      Supervisor,
      {
        strategy: "one_for_one",
        children: [channelsSupervisor(name), transportsSupervisor(name)].map((id) => ({
          id,
          name: id,
          nameScope: "shard",
          start: [DynamicSupervisor, {}],
        })),
      },
    ],
  };
}
