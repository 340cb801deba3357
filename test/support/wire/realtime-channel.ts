import { randomUUID } from "node:crypto";
import {
  broadcast,
  broadcastFrom,
  Channel,
  type ChannelSocket,
  error,
  type HandleInReturn,
  type HandleReturn,
  type JoinReturn,
  noReply,
  ok,
  Presence,
  push,
  reply,
  stop,
} from "rookery/channels";
import { names } from "./names.ts";
import { RealtimeHistory, type Replay, type StoredBroadcast } from "./realtime-history.ts";

interface Binding {
  readonly event: string;
  readonly schema: string;
  readonly table?: string;
  readonly filter?: string;
}

interface Config {
  readonly broadcast?: { readonly self?: boolean; readonly ack?: boolean; readonly replay?: Replay };
  readonly presence?: { readonly key?: string; readonly enabled?: boolean };
  readonly postgres_changes?: readonly Binding[];
  readonly private?: boolean;
}

/** What clients `send`, and what they get of each other. */
export interface UserBroadcast {
  readonly type: "broadcast";
  readonly event: string;
  readonly payload: unknown;
}

interface RealtimeContract {
  readonly assigns: {
    readonly config: Config;
    readonly presenceKey: string;
    readonly accessToken: string | undefined;
  };
  readonly join: { readonly config?: Config; readonly access_token?: string };
  readonly in: {
    /** With `persist`, those who join a private channel later may ask for it. */
    readonly broadcast: UserBroadcast & { readonly persist?: unknown };
    readonly presence: {
      readonly event: "track" | "untrack";
      readonly payload?: Readonly<Record<string, unknown>>;
    };
    readonly access_token: { readonly access_token: string };
  };
  readonly info: "after_join";
}

type RealtimeSocket = ChannelSocket<RealtimeContract>;

/** What clients of `@supabase/realtime-js` need of a server: broadcasts and presence of their own making. */
export class RealtimeChannel extends Channel<RealtimeContract> {
  /** Only clients that ask for presence get it. */
  static override readonly intercept: readonly string[] = ["presence_diff"];

  override join(
    topic: string,
    { config = {}, access_token: accessToken }: RealtimeContract["join"],
    socket: RealtimeSocket,
  ): JoinReturn {
    if (topic === "realtime:forbidden") {
      return error({ reason: "Unauthorized: You do not have permissions to read from this Channel topic" });
    }
    this.self.send(this.self.pid, "after_join" satisfies RealtimeContract["info"]);
    const presenceKey = config.presence?.key || randomUUID();
    const bindings = config.postgres_changes ?? [];
    return ok(
      bindings.length === 0
        ? {}
        : { postgres_changes: bindings.map((binding, index) => ({ id: index + 1, ...binding })) },
      socket.assign({ config, presenceKey, accessToken }),
    );
  }

  override async handleInfo(_message: "after_join", socket: RealtimeSocket): Promise<HandleReturn> {
    const { broadcast: { replay: asked } = {}, presence, ...config } = socket.assigns.config;
    const { postgres_changes: bindings = [] } = config;
    if (config.private === true && asked !== undefined) await this.#replay(asked, socket);
    if (bindings.length > 0)
      push(socket, "system", system(socket, "postgres_changes", "ok", "Subscribed to PostgreSQL"));
    if (presence?.enabled === true) {
      push(socket, "presence_state", Presence.list(this.self, names.presence, socket.topic));
    }
    return noReply(socket);
  }

  async #replay(replay: Replay, socket: RealtimeSocket): Promise<void> {
    const request = { topic: socket.topic, replay };
    const stored = (await this.self.call(names.history, request)) as StoredBroadcast[];
    for (const { id, event, payload } of stored) {
      push(socket, "broadcast", { type: "broadcast", event, payload, meta: { replayed: true, id } });
    }
  }

  override handleOut(event: string, payload: object, socket: RealtimeSocket): HandleReturn {
    if (socket.assigns.config.presence?.enabled === true) push(socket, event, payload);
    return noReply(socket);
  }

  readonly handleIn = {
    broadcast: (
      { event, payload, persist = false }: RealtimeContract["in"]["broadcast"],
      socket: RealtimeSocket,
    ): HandleInReturn => {
      const { config } = socket.assigns;
      const { self = false, ack = false } = config.broadcast ?? {};
      if (persist !== false && config.private === true) {
        const atMs = socket.runtime.clock.systemTimeMs();
        RealtimeHistory.store(this.self, { topic: socket.topic, id: randomUUID(), atMs, event, payload });
      }
      const sent: UserBroadcast = { type: "broadcast", event, payload };
      if (self) broadcast(socket, "broadcast", sent);
      else broadcastFrom(socket, "broadcast", sent);
      return ack ? reply("ok", socket) : noReply(socket);
    },
    presence: async (
      { event, payload = {} }: RealtimeContract["in"]["presence"],
      socket: RealtimeSocket,
    ): Promise<HandleInReturn> => {
      const { presenceKey } = socket.assigns;
      if (event === "untrack") {
        await Presence.untrack(socket, names.presence, presenceKey);
      } else if (!(await Presence.track(socket, names.presence, presenceKey, payload)).ok) {
        await Presence.update(socket, names.presence, presenceKey, payload);
      }
      return reply("ok", socket);
    },
    access_token: (
      { access_token: accessToken }: RealtimeContract["in"]["access_token"],
      socket: RealtimeSocket,
    ): HandleInReturn => {
      if (accessToken !== "expired") return noReply(socket.assign({ accessToken }));
      push(socket, "system", system(socket, "system", "error", "Token has expired"));
      return stop("shutdown", socket);
    },
  };
}

function system({ topic }: RealtimeSocket, extension: string, status: string, message: string): object {
  return { extension, status, message, channel: topic.slice("realtime:".length) };
}
