import type { FastifyRequest } from "fastify";
import { nameOn, type Runtime } from "rookery";
import { broadcastTo } from "rookery/channels";
import { names } from "./names.ts";
import { type ShardStats, totalOf } from "./shard-stats.ts";

const runtimeOf = (request: FastifyRequest): Runtime => request.server.endpoint.runtime;

export class WireController {
  ping(): { ok: true } {
    return { ok: true };
  }

  echo({ body }: FastifyRequest): unknown {
    return body;
  }

  disconnect(request: FastifyRequest): { ok: true } {
    const { user_id } = request.params as { user_id: string };
    broadcastTo(runtimeOf(request), names.pubsub, `user_socket:${user_id}`, "disconnect", {});
    return { ok: true };
  }

  broadcast(request: FastifyRequest): { ok: true } {
    const { topic, event } = request.params as { topic: string; event: string };
    broadcastTo(runtimeOf(request), names.pubsub, topic, event, request.body as object);
    return { ok: true };
  }

  async stats(request: FastifyRequest): Promise<{ shards: readonly ShardStats[]; total: ShardStats }> {
    const runtime = runtimeOf(request);
    const asked = runtime.shards().map((shard) => runtime.call(nameOn(shard, names.stats), "stats"));
    const shards = (await Promise.all(asked)) as ShardStats[];
    return { shards, total: totalOf(shards) };
  }
}
