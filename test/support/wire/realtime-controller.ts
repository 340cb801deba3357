import { randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { broadcastTo } from "rookery/channels";
import { names } from "./names.ts";
import type { UserBroadcast } from "./realtime-channel.ts";
import { RealtimeHistory } from "./realtime-history.ts";

/** How clients of `@supabase/realtime-js` send without being in the channel. */
export class RealtimeController {
  batch(request: FastifyRequest, response: FastifyReply): FastifyReply {
    const { messages } = request.body as {
      messages: readonly { readonly topic: string; readonly event: string; readonly payload: unknown }[];
    };
    for (const { topic, event, payload } of messages) send(request, topic, event, payload);
    return response.code(202).send();
  }

  event(request: FastifyRequest, response: FastifyReply): FastifyReply {
    const { topic, event } = request.params as { topic: string; event: string };
    const query = request.query as Readonly<Record<string, string>>;
    send(request, topic, event, request.body);
    if (query["private"] === "true" && ("persist" in query || "persist[ttl]" in query)) {
      const { runtime } = request.server.endpoint;
      RealtimeHistory.store(runtime, {
        topic: `realtime:${topic}`,
        id: randomUUID(),
        atMs: runtime.clock.systemTimeMs(),
        event,
        payload: request.body,
      });
    }
    return response.code(202).send();
  }
}

function send(request: FastifyRequest, topic: string, event: string, payload: unknown): void {
  const { runtime } = request.server.endpoint;
  const sent: UserBroadcast = { type: "broadcast", event, payload };
  broadcastTo(runtime, names.pubsub, `realtime:${topic}`, "broadcast", sent);
}
