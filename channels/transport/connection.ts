import {
  type CallResult,
  type CastResult,
  type Dest,
  DownMessage,
  ExitError,
  GenServer,
  ignore,
  type InitResult,
  noReply,
  ok,
  type Pid,
  type Ref,
  reply,
  stop,
  TIMEOUT,
} from "../../runtime/index.ts";
import { callFor, Wait } from "../../runtime/internal.ts";
import type { StartDynamicChildResult } from "../../supervisors/index.ts";
import { startDynamicChildFor, temporaryWorker } from "../../supervisors/internal.ts";
import { ChannelServer, ChannelStart } from "../channel-server.ts";
import type { SocketLabel } from "../connected-sockets.ts";
import { EncodedFrame } from "../encoded-frame.ts";
import { Broadcast, Message, type MessageRef, ReplyMessage } from "../message.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import { renewedSocket } from "../renew.ts";
import type { Socket } from "../socket.ts";
import { type CompleteRoute, routeOf } from "../socket-definition.ts";
import { farReply } from "../socket-ref.ts";
import { clientRefused } from "../telemetry.ts";
import {
  ChannelClosing,
  ClientGone,
  ExpiryChange,
  InboundFrame,
  type JoinedTopic,
  JoinRequest,
  type JoinResult,
  ListChannels,
  SocketDrain,
} from "../transport-message.ts";
import { ClientLimits, type Refusal } from "./client-limits.ts";
import { Dispatch, dispatchOf } from "./dispatch.ts";
import { IdleTick, IdleWatch } from "./idle-watch.ts";
import { type JoinedChannel, JoinedChannels } from "./joined-channels.ts";
import type { OpenClient, Peer } from "./peer.ts";
import { type FrameTap, TappedPeer, untapped } from "./tapped-peer.ts";

/** So long a channel that is joined anew may take to end, then it is killed. */
const DUPLICATE_SHUTDOWN_MS = 5_000;

/** A clock may be set meanwhile, and a machine may sleep: an expiry is looked at again at least so often. */
const EXPIRY_LOOK_MS = 60_000;

/** What a transport process is started with. */
export class ConnectionStart {
  readonly socket: Socket;
  readonly peer: Peer;
  /** The DynamicSupervisor of the channels. */
  readonly channels: Dest;
  readonly idleTimeoutMs: number;
  /** Answers the client; left out where it has its answer already. */
  readonly open: OpenClient | undefined;
  /** A process with which it ends, if there is one. It links itself to it, for that one may be dead by then. */
  readonly linkedTo: Pid | undefined;

  constructor(
    socket: Socket,
    peer: Peer,
    channels: Dest,
    idleTimeoutMs: number,
    open?: OpenClient,
    linkedTo?: Pid,
  ) {
    this.socket = socket;
    this.peer = peer;
    this.channels = channels;
    this.idleTimeoutMs = idleTimeoutMs;
    this.open = open;
    this.linkedTo = linkedTo;
  }
}

interface ConnectionState {
  readonly socket: Socket;
  readonly channels: JoinedChannels;
}

class ExpiryTick {
  declare readonly expiryTick?: true;
}

const EXPIRY_TICK = new ExpiryTick();

/**
 * The transport process: one for each connection, whatever carries it. It alone writes to its client, in the order of its
 * mailbox, and takes the client's frames to their channels. While a join runs, it does nothing else. A broadcast that finds it at rest is written as
 * if it had taken it: see `Fastlane.carry`.
 */
export class ConnectionServer extends GenServer<ConnectionState> {
  static override readonly module: string = import.meta.url;

  #peer!: Peer;
  #channelsSupervisor!: Dest;
  #idle!: IdleWatch;
  #limits: ClientLimits | undefined = undefined;
  #hasRefused = false;
  #expiry: Ref | undefined = undefined;

  init({
    socket,
    peer,
    channels,
    idleTimeoutMs,
    open,
    linkedTo,
  }: ConnectionStart): InitResult<ConnectionState> {
    const { self } = this;
    if (linkedTo !== undefined) self.link(linkedTo);
    self.setLabel({ socket: socket.handler.name, id: socket.id } satisfies SocketLabel);
    this.#peer = peer;
    peer.started?.(self.pid);
    this.#channelsSupervisor = channels;
    const { limits } = socket.handler;
    if (limits !== undefined) this.#limits = new ClientLimits(limits, self.runtime.clock.nowMs());
    if (socket.expiresAtMs !== undefined) this.#expireAt(socket.expiresAtMs);
    if (socket.id !== undefined) PubSub.subscribe(self, socket.pubsub, socket.id);
    this.#idle = new IdleWatch(self, peer, idleTimeoutMs);
    // Last: a start that fails is answered by HTTP.
    if (open?.(self.pid) === false) return ignore;
    return ok({
      socket: socket.withConnection({ transportPid: self.pid, peer }),
      channels: new JoinedChannels(),
    });
  }

  /** Tells `tell` of each frame from here on, until the function is called that it returns; undefined before `init`. */
  tap(tell: FrameTap): (() => void) | undefined {
    if (this.state === undefined) return undefined;
    const { peer } = this.state.socket.connection;
    const tapped = new TappedPeer(this.#peer, tell);
    this.#peer = tapped;
    peer!.isTapped = true;
    return () => {
      this.#peer = untapped(this.#peer, tapped);
      peer!.isTapped = this.#peer !== peer;
    };
  }

  override handleCall(request: unknown): CallResult {
    if (!(request instanceof ListChannels)) return noReply();
    return reply(Array.from(this.state.channels, ({ topic, pid }): JoinedTopic => ({ topic, pid })));
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (message instanceof EncodedFrame) {
      this.#peer.push(message);
      return noReply();
    }
    if (message instanceof InboundFrame) {
      this.#peer.took?.(message.data);
      const result = this.#take(this.state.socket.serializer.decode(message.data), message.data);
      if (result instanceof Promise) return this.#handledAfter(result);
      if (!(result instanceof Wait)) this.#peer.handled();
      return result;
    }
    if (message instanceof ChannelClosing) return this.#channelClosing(message.pid);
    if (message instanceof DownMessage) return this.#channelDown(message);
    if (message instanceof ClientGone) return stop("normal");
    if (message instanceof IdleTick)
      return this.#idle.isSilent() ? stop(["shutdown", "inactive"]) : noReply();
    if (message instanceof ExpiryTick) return this.#expiryTick();
    if (message instanceof ExpiryChange) return this.#expiryChanged(message.expiresAtMs);
    if (message instanceof Broadcast && message.event === "disconnect")
      return stop(["shutdown", "disconnected"]);
    if (message instanceof SocketDrain) return stop(["shutdown", "restart"]);
    const reply = farReply(message);
    return reply === undefined ? noReply() : this.#farReply(reply);
  }

  /** Whoever sent it is on another shard, and can't be told that it has no form for this client. */
  #farReply(reply: ReplyMessage): CastResult {
    try {
      this.#peer.push(this.state.socket.serializer.encode(reply));
    } catch (error) {
      const { topic } = reply;
      this.self.runtime.logger.error({ err: error, topic }, "A reply of another shard can't be encoded");
    }
    return noReply();
  }

  async #handledAfter(dispatched: Promise<CastResult>): Promise<CastResult> {
    const result = await dispatched;
    // A join that has begun tells by itself when it is over.
    if (!(result instanceof Wait)) this.#peer.handled();
    return result;
  }

  /** A message of the client goes where it belongs, unless the client asks for more than it may. */
  #take(message: Message, data: string | Uint8Array): CastResult | Promise<CastResult> {
    const refusal = this.#limits?.refusalOf(message, data, this.self.runtime.clock.nowMs());
    return refusal === undefined ? this.#dispatch(message) : this.#refuse(message, refusal);
  }

  #refuse({ joinRef, ref, topic, event }: Message, { kind, response }: Refusal): CastResult {
    const { socket } = this.state;
    if (!this.#hasRefused) {
      this.#hasRefused = true;
      this.self.runtime.logger.warn({ id: socket.id, topic, kind }, "A client asks for more than it may");
    }
    if (clientRefused.enabled) clientRefused.execute({ count: 1 }, { kind, topic, event, socket });
    return this.#reply(joinRef, ref, topic, "error", response);
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
    const { ref, topic } = message;
    const route = routeOf(socket.handler, topic);
    if (route === undefined) {
      this.self.runtime.logger.warn(
        { topic, id: socket.id },
        `Ignoring a join of an unmatched topic in ${socket.handler.name}`,
      );
      return this.#reply(null, ref, topic, "error", { reason: "unmatched topic" });
    }
    if (channels.size >= socket.handler.maxChannelsPerTransport) {
      return this.#refuse(message, { kind: "channels", response: { reason: "too many channels joined" } });
    }
    return this.#startChannel(message, route);
  }

  #startChannel(message: Message, route: CompleteRoute): CastResult {
    const { hibernateAfterMs, shutdownMs, joinTimeoutMs } = route.settings;
    const { topic } = message;
    const start = new ChannelStart(this.state.socket, route, topic, joinRefOf(message));
    const wait = new Wait<StartDynamicChildResult, CastResult>(
      (started) =>
        started.ok
          ? this.#askToJoin(message, started.pid, joinTimeoutMs)
          : this.#joinFailed(message, "join crashed"),
      (error) => this.#joinCrashed(message, error),
    );
    const spec = temporaryWorker(
      topic,
      hibernateAfterMs === undefined
        ? [ChannelServer, start]
        : (parent) => parent.startLink(ChannelServer, start, { hibernateAfterMs }),
      shutdownMs,
    );
    startDynamicChildFor(wait, this.self, this.#channelsSupervisor, spec);
    return wait.result;
  }

  #askToJoin(message: Message, pid: Pid, joinTimeoutMs: number): CastResult {
    const wait = new Wait<unknown, CastResult>(
      (result) => this.#joined(message, pid, result as JoinResult),
      (error) => {
        if (!(error instanceof ExitError && error.code === "ROOKERY_CALL_TIMEOUT"))
          return this.#joinCrashed(message, error);
        this.self.exit(pid, "kill");
        return this.#joinFailed(message, "join timeout");
      },
    );
    callFor(wait, this.self, pid, new JoinRequest(message), joinTimeoutMs);
    return wait.result;
  }

  #joined({ topic, joinRef }: Message, pid: Pid, { joined, frame }: JoinResult): CastResult {
    if (joined) this.state.channels.add({ topic, pid, monitor: this.self.monitor(pid), joinRef });
    this.#peer.push(frame);
    this.#peer.handled();
    return noReply();
  }

  #joinCrashed(message: Message, error: Error): CastResult {
    // Its crash report is the channel's own business; so is that of the supervisor.
    if (!(error instanceof ExitError)) throw error;
    return this.#joinFailed(message, "join crashed");
  }

  #joinFailed({ joinRef, ref, topic }: Message, reason: string): CastResult {
    this.#peer.handled();
    return this.#reply(joinRef, ref, topic, "error", { reason });
  }

  async #rejoin(message: Message, old: JoinedChannel): Promise<CastResult> {
    const { self } = this;
    const isDown = (down: unknown): boolean => down instanceof DownMessage && down.ref === old.monitor;
    self.exit(old.pid, ["shutdown", "duplicate_join"]);
    if ((await self.receive(isDown, { timeoutMs: DUPLICATE_SHUTDOWN_MS })) === TIMEOUT) {
      self.exit(old.pid, "kill");
      await self.receive(isDown);
    }
    this.state.channels.remove(message.topic);
    // At the end of the mailbox: the client hears of the old channel's end after the reply to the new join.
    self.send(self.pid, this.#ended(old, "phx_close", {}));
    return this.#join(message);
  }

  #ended({ topic, joinRef }: JoinedChannel, event: string, payload: object): EncodedFrame {
    return this.state.socket.serializer.encode(new Message(joinRef, joinRef, topic, event, payload));
  }

  #channelClosing(pid: Pid): CastResult {
    const channel = this.#channelOf(pid);
    if (channel === undefined) return noReply();
    this.self.demonitor(channel.monitor, { flush: true });
    return this.#remove(channel, "phx_close", {});
  }

  #channelDown({ process }: DownMessage): CastResult {
    const channel = this.#channelOf(process);
    return channel === undefined
      ? noReply()
      : this.#remove(channel, "phx_error", { reason: "channel_crash" });
  }

  #remove(channel: JoinedChannel, event: string, payload: object): CastResult {
    this.state.channels.remove(channel.topic);
    this.#peer.push(this.#ended(channel, event, payload));
    return noReply();
  }

  /** Looked for: a second map by pid would cost every idle connection more than the end of a channel now and then does. */
  #channelOf(pid: unknown): JoinedChannel | undefined {
    for (const channel of this.state.channels) if (channel.pid === pid) return channel;
    return undefined;
  }

  /** By the clock on the wall, which may be set: what is left is looked up again when the time has come. */
  #expireAt(atMs: number): void {
    if (this.#expiry !== undefined) this.self.cancelTimer(this.#expiry);
    this.#expiry = undefined;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.max(0, atMs - this.self.runtime.clock.systemTimeMs());
    this.#expiry = this.self.sendAfter(Math.min(leftMs, EXPIRY_LOOK_MS), this.self.pid, EXPIRY_TICK);
  }

  #expiryTick(): CastResult | Promise<CastResult> {
    const { socket } = this.state;
    const { expiresAtMs = Number.POSITIVE_INFINITY } = socket;
    if (this.self.runtime.clock.systemTimeMs() < expiresAtMs) {
      this.#expireAt(expiresAtMs);
      return noReply();
    }
    return renewedSocket(socket).then((renewed) => {
      if (renewed === undefined) return stop(["shutdown", "expired"]);
      this.state = { ...this.state, socket: renewed };
      this.#expireAt(renewed.expiresAtMs!);
      return noReply();
    });
  }

  #expiryChanged(expiresAtMs: number): CastResult {
    this.state = { ...this.state, socket: this.state.socket.withConnection({ expiresAtMs }) };
    this.#expireAt(expiresAtMs);
    return noReply();
  }
}

/** A client that names no join_ref knows the channel by the ref of its join. */
function joinRefOf({ joinRef, ref }: Message): MessageRef {
  return joinRef ?? ref;
}
