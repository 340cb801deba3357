import {
  type CastResult,
  type Dest,
  DownMessage,
  ExitError,
  GenServer,
  type InitResult,
  noReply,
  ok,
  type Pid,
  type Ref,
  stop,
  TIMEOUT,
} from "../../runtime/index.ts";
import { DynamicSupervisor } from "../../supervisors/index.ts";
import { ChannelServer, ChannelStart } from "../channel-server.ts";
import { EncodedFrame } from "../encoded-frame.ts";
import { Broadcast, Message, type MessageRef, ReplyMessage } from "../message.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import type { Socket } from "../socket.ts";
import { type CompleteRoute, routeOf } from "../socket-definition.ts";
import {
  ChannelClosing,
  ClientGone,
  InboundFrame,
  JoinRequest,
  type JoinResult,
  SocketDrain,
} from "../transport-message.ts";
import { Dispatch, dispatchOf } from "./dispatch.ts";
import type { Peer } from "./peer.ts";

/** So long a channel that is joined anew may take to end, then it is killed. */
const DUPLICATE_SHUTDOWN_MS = 5_000;

/** A silent client is noticed this many times within its timeout, so at the latest a quarter of it too late. */
const IDLE_TICKS = 4;

/** What a transport process is started with. */
export class ConnectionStart {
  readonly socket: Socket;
  readonly peer: Peer;
  /** The DynamicSupervisor of the channels. */
  readonly channels: Dest;
  readonly idleTimeoutMs: number;

  constructor(socket: Socket, peer: Peer, channels: Dest, idleTimeoutMs: number) {
    this.socket = socket;
    this.peer = peer;
    this.channels = channels;
    this.idleTimeoutMs = idleTimeoutMs;
  }
}

interface JoinedChannel {
  readonly pid: Pid;
  readonly monitor: Ref;
  /** As in the frame of the join. */
  readonly joinRef: MessageRef;
}

interface ConnectionState {
  readonly socket: Socket;
  readonly channels: Map<string, JoinedChannel>;
}

class IdleTick {
  declare readonly idleTick?: true;
}

const IDLE_TICK = new IdleTick();

/**
 * The transport process: one for each connection, whatever carries it. It alone writes to its client, in the order of its
 * mailbox, and takes the client's frames to their channels. While a join runs, it does nothing else.
 */
export class ConnectionServer extends GenServer<ConnectionState> {
  static override readonly module: string = import.meta.url;

  #peer!: Peer;
  #channelsSupervisor!: Dest;
  #tickMs = 0;
  #bytesRead = 0;
  #silentTicks = 0;

  init({ socket, peer, channels, idleTimeoutMs }: ConnectionStart): InitResult<ConnectionState> {
    const { self } = this;
    self.setLabel({ socket: socket.handler.name, id: socket.id });
    this.#peer = peer;
    this.#channelsSupervisor = channels;
    if (socket.id !== undefined) PubSub.subscribe(self, socket.pubsub, socket.id);
    if (Number.isFinite(idleTimeoutMs)) {
      this.#tickMs = idleTimeoutMs / IDLE_TICKS;
      self.sendAfter(this.#tickMs, self.pid, IDLE_TICK);
    }
    return ok({ socket: socket.withConnection({ transportPid: self.pid }), channels: new Map() });
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (message instanceof EncodedFrame) {
      this.#peer.push(message);
      return noReply();
    }
    if (message instanceof InboundFrame) {
      this.#peer.handled();
      return this.#dispatch(this.state.socket.serializer.decode(message.data));
    }
    if (message instanceof ChannelClosing) return this.#channelClosing(message.pid);
    if (message instanceof DownMessage) return this.#channelDown(message);
    if (message instanceof ClientGone) return stop("normal");
    if (message instanceof IdleTick) return this.#idleTick();
    if (message instanceof Broadcast && message.event === "disconnect")
      return stop(["shutdown", "disconnected"]);
    if (message instanceof SocketDrain) return stop(["shutdown", "restart"]);
    return noReply();
  }

  #dispatch(message: Message): CastResult | Promise<CastResult> {
    const { joinRef, ref, topic } = message;
    const joined = this.state.channels.get(topic);
    switch (dispatchOf(message, joined?.joinRef)) {
      case Dispatch.ToChannel:
      case Dispatch.LeaveChannel:
        this.self.send(joined!.pid, message);
        return noReply();
      case Dispatch.Heartbeat:
        return this.#reply(null, ref, topic, "ok", {});
      case Dispatch.Join:
        return this.#join(message);
      case Dispatch.Rejoin:
        return this.#rejoin(message, joined!);
      case Dispatch.IgnoreStale:
        return noReply();
      case Dispatch.ConfirmLeave:
        return this.#reply(joinRef, ref, topic, "ok", {});
      case Dispatch.Unmatched:
        return this.#reply(null, ref, topic, "error", { reason: "unmatched topic" });
    }
  }

  #reply(joinRef: MessageRef, ref: MessageRef, topic: string, status: string, payload: object): CastResult {
    this.#peer.push(
      this.state.socket.serializer.encode(new ReplyMessage(joinRef, ref, topic, status, payload)),
    );
    return noReply();
  }

  #join(message: Message): CastResult | Promise<CastResult> {
    const { socket, channels } = this.state;
    const { joinRef, ref, topic } = message;
    const { logger } = this.self.runtime;
    const route = routeOf(socket.handler, topic);
    if (route === undefined) {
      logger.warn(
        { topic, id: socket.id },
        `Ignoring a join of an unmatched topic in ${socket.handler.name}`,
      );
      return this.#reply(null, ref, topic, "error", { reason: "unmatched topic" });
    }
    if (channels.size >= socket.handler.maxChannelsPerTransport) {
      logger.error(
        { topic, id: socket.id, channels: channels.size },
        `Too many channels in a ${socket.handler.name}`,
      );
      return this.#reply(joinRef, ref, topic, "error", { reason: "too many channels joined" });
    }
    return this.#startChannel(message, route);
  }

  async #startChannel(message: Message, route: CompleteRoute): Promise<CastResult> {
    const { joinRef, ref, topic } = message;
    try {
      // A client that names no join_ref knows the channel by the ref of its join.
      const start = new ChannelStart(this.state.socket, route, topic, joinRef ?? ref);
      const started = await DynamicSupervisor.startChild(this.self, this.#channelsSupervisor, {
        id: topic,
        start: [ChannelServer, start],
        restart: "temporary",
      });
      if (started.ok) {
        const { pid } = started;
        const result = (await this.self.call(
          pid,
          new JoinRequest(message),
          Number.POSITIVE_INFINITY,
        )) as JoinResult;
        if (result.joined) this.state.channels.set(topic, { pid, monitor: this.self.monitor(pid), joinRef });
        this.#peer.push(result.frame);
        return noReply();
      }
    } catch (error) {
      // Its crash report is the channel's own business; so is that of the supervisor.
      if (!(error instanceof ExitError)) throw error;
    }
    return this.#reply(joinRef, ref, topic, "error", { reason: "join crashed" });
  }

  async #rejoin(message: Message, old: JoinedChannel): Promise<CastResult> {
    const { self } = this;
    const isDown = (down: unknown): boolean => down instanceof DownMessage && down.ref === old.monitor;
    self.exit(old.pid, ["shutdown", "duplicate_join"]);
    if ((await self.receive(isDown, { timeoutMs: DUPLICATE_SHUTDOWN_MS })) === TIMEOUT) {
      self.exit(old.pid, "kill");
      await self.receive(isDown);
    }
    this.state.channels.delete(message.topic);
    // At the end of the mailbox: the client hears of the old channel's end after the reply to the new join.
    self.send(self.pid, this.#ended(message.topic, old, "phx_close", {}));
    return this.#join(message);
  }

  #ended(topic: string, { joinRef }: JoinedChannel, event: string, payload: object): EncodedFrame {
    return this.state.socket.serializer.encode(new Message(joinRef, joinRef, topic, event, payload));
  }

  #channelClosing(pid: Pid): CastResult {
    const topic = this.#topicOf(pid);
    if (topic === undefined) return noReply();
    const channel = this.state.channels.get(topic)!;
    this.self.demonitor(channel.monitor, { flush: true });
    return this.#remove(topic, channel, "phx_close", {});
  }

  #channelDown({ process }: DownMessage): CastResult {
    const topic = this.#topicOf(process);
    if (topic === undefined) return noReply();
    return this.#remove(topic, this.state.channels.get(topic)!, "phx_error", { reason: "channel_crash" });
  }

  #remove(topic: string, channel: JoinedChannel, event: string, payload: object): CastResult {
    this.state.channels.delete(topic);
    this.#peer.push(this.#ended(topic, channel, event, payload));
    return noReply();
  }

  /** Looked for: a second map by pid would cost every idle connection more than the end of a channel now and then does. */
  #topicOf(pid: unknown): string | undefined {
    for (const [topic, channel] of this.state.channels) if (channel.pid === pid) return topic;
    return undefined;
  }

  #idleTick(): CastResult {
    const { bytesRead } = this.#peer;
    this.#silentTicks = bytesRead === this.#bytesRead ? this.#silentTicks + 1 : 0;
    this.#bytesRead = bytesRead;
    if (this.#silentTicks >= IDLE_TICKS) return stop(["shutdown", "inactive"]);
    this.self.sendAfter(this.#tickMs, this.self.pid, IDLE_TICK);
    return noReply();
  }
}
