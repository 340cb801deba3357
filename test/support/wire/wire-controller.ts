import type { FastifyRequest } from "fastify";
import { DynamicSupervisor, type Runtime } from "rookery";
import { broadcastTo } from "rookery/channels";
import { names } from "./names.ts";

/** What one shard holds. */
export interface ShardStats {
  readonly processes: number;
  readonly sockets: number;
  readonly channels: number;
  readonly mailbox: { readonly total: number; readonly longest: number };
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number };
}

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

  async stats(request: FastifyRequest): Promise<{ shards: readonly ShardStats[] }> {
    const runtime = runtimeOf(request);
    const pids = runtime.processes();
    const lengths = pids.map((pid) => runtime.info(pid)?.messageQueueLength ?? 0);
    const { rss, heapUsed } = process.memoryUsage();
    const stats: ShardStats = {
      processes: pids.length,
      sockets: await supervised(runtime, "transports"),
      channels: await supervised(runtime, "channels"),
      mailbox: { total: lengths.reduce((sum, length) => sum + length, 0), longest: Math.max(...lengths) },
      memory: { rssBytes: rss, heapUsedBytes: heapUsed },
    };
    return { shards: [stats] };
  }
}

/** How many processes of a kind the supervisors of the socket mounts hold. */
async function supervised(runtime: Runtime, kind: "transports" | "channels"): Promise<number> {
  const supervisors = runtime
    .registered()
    .filter((name) => name.startsWith(names.endpoint) && name.endsWith(`.${kind}`));
  const counts = await Promise.all(supervisors.map((name) => DynamicSupervisor.countChildren(runtime, name)));
  return counts.reduce((sum, { active }) => sum + active, 0);
}
