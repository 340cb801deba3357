import type { Via, ViaName } from "../dest.ts";
import { runtimeError } from "../errors.ts";

interface ShardName {
  readonly shard: number;
  readonly name: string;
}

const onShard: Via = {
  whereis: (home, key) => {
    const { shard, name } = key as ShardName;
    return home.whereisOn(shard, name)?.pid;
  },
  register: (_home, key) => {
    throw runtimeError("ROOKERY_BADARG", 'a name, and nameScope: "shard"', key);
  },
};

/**
 * The process that has `name` on the shard with that place, among those that were started with `nameScope: "shard"`: `{Name, Node}`
 * of Erlang. A destination for calls, casts, messages and monitors.
 */
export function nameOn(shard: number, name: string): ViaName {
  return { via: onShard, key: { shard, name } satisfies ShardName };
}
