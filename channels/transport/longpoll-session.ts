import {
  type CastResult,
  ExitError,
  ExitMessage,
  GenServer,
  type InitResult,
  noReply,
  ok,
  type Pid,
  type Runtime,
  stop,
  TIMEOUT,
} from "../../runtime/index.ts";
import { isOrderly } from "../../runtime/internal.ts";
import { DynamicSupervisor } from "../../supervisors/index.ts";
import { EncodedFrame } from "../encoded-frame.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import type { Socket } from "../socket.ts";
import { channelsSupervisor, transportsSupervisor } from "../socket-supervisor.ts";
import { slowConsumerDisconnected, slowConsumerDropped } from "../telemetry.ts";
import { InboundFrame } from "../transport-message.ts";
import { Backlog, type SlowConsumer, Waiting } from "./backlog.ts";
import { ConnectionServer, ConnectionStart } from "./connection.ts";
import {
  isSessionMessage,
  type ReturnRoute,
  type SessionAnswer,
  type SessionRequest,
} from "./longpoll-message.ts";
import type { Peer } from "./peer.ts";

/** A client that does not poll for so many windows is gone. */
const LIFETIME_WINDOWS = 1.5;

/** When so many frames of a client wait for its transport process, no more are taken. */
const INBOUND_FRAMES_MAX = 64;

/** How long a client may be silent, how much may wait for it, and what becomes of one for which more does. */
export interface SessionLimits {
  readonly windowMs: number;
  readonly pubsubTimeoutMs: number;
  readonly maxBufferedSize: number;
  readonly slowConsumer: SlowConsumer;
}

/** What a session is started with. */
export class SessionStart {
  /** The name of the mount. */
  readonly name: string;
  readonly socket: Socket;
  readonly topic: string;
  readonly limits: SessionLimits;

  constructor(name: string, socket: Socket, topic: string, limits: SessionLimits) {
    this.name = name;
    this.socket = socket;
    this.topic = topic;
    this.limits = limits;
  }
}

/** From the transport process: a frame of the client has been dealt with. */
class FrameHandled {
  declare readonly frameHandled?: true;
}

/** To itself: what has come by then is answered in one go. */
class Flush {
  declare readonly flush?: true;
}

class LifetimeTick {
  declare readonly lifetimeTick?: true;
}

/** To itself: what was sent to another place should have been confirmed by now. */
class Overdue {
  readonly unconfirmed: ReturnRoute;

  constructor(unconfirmed: ReturnRoute) {
    this.unconfirmed = unconfirmed;
  }
}

const FRAME_HANDLED = new FrameHandled();
const FLUSH = new Flush();
const LIFETIME_TICK = new LifetimeTick();

/** What the transport process writes to: the session's mailbox. */
class SessionPeer implements Peer {
  readonly bytesRead = 0;
  readonly #runtime: Runtime;
  readonly #session: Pid;

  constructor(runtime: Runtime, session: Pid) {
    this.#runtime = runtime;
    this.#session = session;
  }

  push(frame: EncodedFrame): void {
    this.#runtime.send(this.#session, frame);
  }

  handled(): void {
    this.#runtime.send(this.#session, FRAME_HANDLED);
  }
}

interface SessionState {
  readonly socket: Socket;
  readonly topic: string;
  readonly connection: Pid;
  /** Text frames that wait for the next poll; none for most clients, most of the time. */
  backlog: Backlog | undefined;
  /** The poll that waits for a frame: the last one that came. */
  waiting: ReturnRoute | undefined;
  /** The other place that was sent messages last, as long as it has not said that it got them. */
  unconfirmed: ReturnRoute | undefined;
  lastPollMs: number;
  /** Who waits for the client's frames to be handled, in their order. */
  readonly unhandled: ReturnRoute[];
}

/**
 * The client's end of a transport process whose client polls: it keeps what the next poll is answered with. Requests reach it over
 * PubSub, from whichever place has taken them. It never waits for anybody, so it answers also while a join takes its time.
 * The end of either process is the end of both.
 */
export class LongPollSession extends GenServer<SessionState> {
  static override readonly module: string = import.meta.url;

  #limits!: SessionLimits;
  #lifetimeMs = 0;
  #flushing = false;
  #hasDropped = false;
  #crashed = false;

  async init(start: SessionStart): Promise<InitResult<SessionState>> {
    const { self } = this;
    const { name, socket, topic, limits } = start;
    self.setLabel({ longpoll: socket.handler.name, id: socket.id });
    self.trapExit(true);
    this.#limits = limits;
    this.#lifetimeMs = limits.windowMs * LIFETIME_WINDOWS;
    const peer = new SessionPeer(self.runtime, self.pid);
    // It is the session that knows when the client has last been heard of.
    const idleMs = Number.POSITIVE_INFINITY;
    const connection = new ConnectionStart(
      socket,
      peer,
      channelsSupervisor(name),
      idleMs,
      undefined,
      self.pid,
    );
    try {
      const started = await DynamicSupervisor.startChild(self, transportsSupervisor(name), {
        id: "transport",
        start: [ConnectionServer, connection],
        restart: "temporary",
      });
      if (!started.ok) return stop(started.reason);
      PubSub.subscribe(self, socket.pubsub, topic);
      self.sendAfter(this.#lifetimeMs, self.pid, LIFETIME_TICK);
      return ok({
        socket,
        topic,
        connection: started.pid,
        backlog: undefined,
        waiting: undefined,
        unconfirmed: undefined,
        lastPollMs: self.runtime.clock.nowMs(),
        unhandled: [],
      });
    } catch (error) {
      // The supervisor of the transports is not running.
      if (!(error instanceof ExitError)) throw error;
      return stop(error.reason);
    }
  }

  override handleInfo(message: unknown): CastResult {
    if (message instanceof EncodedFrame) return this.#push(message);
    if (message instanceof FrameHandled) {
      const to = this.state.unhandled.shift();
      if (to !== undefined) this.#answer(to, { longpoll: "handled" });
      return noReply();
    }
    if (message instanceof Flush) return this.#flush();
    if (message instanceof LifetimeTick) return this.#lifetimeTick();
    // Lost on the way: its client would never know, so it is to come back.
    if (message instanceof Overdue)
      return message.unconfirmed === this.state.unconfirmed ? stop(["shutdown", "cut_off"]) : noReply();
    if (message instanceof ExitMessage) {
      const { pid, reason } = message;
      this.#crashed = !isOrderly(reason);
      // What the transport process died of has been reported; this one has lost nothing that could be saved.
      if (pid === this.state.connection) return stop("normal");
      // Of anybody else: that process must end, too, and a normal end would not be told it.
      return reason === "normal" ? noReply() : stop(reason);
    }
    if (isSessionMessage(message)) this.#asked(message as SessionRequest);
    return noReply();
  }

  #asked(request: SessionRequest): void {
    const { state } = this;
    const { to } = request;
    switch (request.longpoll) {
      case "hello":
        this.#answer(to, { longpoll: "here" });
        break;
      case "poll":
        state.lastPollMs = this.self.runtime.clock.nowMs();
        // One that waits already goes on waiting, for nothing: an answer would only make its client poll against this one.
        state.waiting = to;
        // The client has got an answer, or given up; the word of that may come behind this poll.
        if (state.unconfirmed !== undefined)
          this.self.sendAfter(this.#limits.pubsubTimeoutMs, this.self.pid, new Overdue(state.unconfirmed));
        this.#flush();
        break;
      case "got":
        if (state.unconfirmed?.topic !== to.topic || state.unconfirmed.nodeName !== to.nodeName) break;
        state.unconfirmed = undefined;
        this.#flush();
        break;
      case "expired":
        if (state.waiting?.topic === to.topic && state.waiting.nodeName === to.nodeName)
          state.waiting = undefined;
        this.#answer(to, { longpoll: "expired" });
        break;
      case "frame":
        // Not answered: for who has sent it, it takes too long.
        if (state.unhandled.length >= INBOUND_FRAMES_MAX) break;
        state.unhandled.push(to);
        this.self.send(state.connection, new InboundFrame(request.data));
        break;
    }
  }

  #push(frame: EncodedFrame): CastResult {
    const { state, self } = this;
    const { slowConsumer, maxBufferedSize } = this.#limits;
    if (typeof frame.data !== "string") {
      self.runtime.logger.warn(
        { id: state.socket.id, bytes: frame.data.length },
        "A binary frame can't be sent to a client that polls, and is dropped",
      );
      return noReply();
    }
    const backlog = (state.backlog ??= new Backlog(slowConsumer, maxBufferedSize));
    const { droppedFrames, droppedBytes } = backlog;
    const waiting = backlog.add(frame);
    if (waiting === Waiting.Overflow || (waiting === Waiting.Dropped && slowConsumer === "disconnect"))
      return this.#cutOff(backlog);
    const count = backlog.droppedFrames - droppedFrames;
    if (count > 0) this.#dropped(count, backlog.droppedBytes - droppedBytes);
    if (state.waiting !== undefined && !this.#flushing) {
      this.#flushing = true;
      self.send(self.pid, FLUSH);
    }
    return noReply();
  }

  #dropped(count: number, bytes: number): void {
    const { slowConsumer: policy, maxBufferedSize } = this.#limits;
    if (!this.#hasDropped)
      this.self.runtime.logger.warn({ maxBufferedSize }, "A client is too slow in reading and misses events");
    this.#hasDropped = true;
    if (slowConsumerDropped.enabled)
      slowConsumerDropped.execute({ count, bytes }, { pid: this.state.connection, policy });
  }

  #cutOff({ bytes: bufferedBytes }: Backlog): CastResult {
    const { slowConsumer: policy, maxBufferedSize } = this.#limits;
    this.self.runtime.logger.warn({ maxBufferedSize }, "A client is too slow in reading and is disconnected");
    if (slowConsumerDisconnected.enabled)
      slowConsumerDisconnected.execute({ bufferedBytes }, { pid: this.state.connection, policy });
    return stop(["shutdown", "slow_consumer"]);
  }

  #flush(): CastResult {
    const { state } = this;
    const { waiting, backlog, unconfirmed } = state;
    this.#flushing = false;
    if (waiting === undefined || backlog === undefined || unconfirmed !== undefined) return noReply();
    state.waiting = undefined;
    state.backlog = undefined;
    const messages: string[] = [];
    for (let frame = backlog.shift(); frame !== undefined; frame = backlog.shift())
      messages.push(frame.data as string);
    if (waiting.nodeName !== PubSub.nodeName(this.self, state.socket.pubsub)) state.unconfirmed = waiting;
    this.#answer(waiting, { longpoll: "messages", messages });
    return noReply();
  }

  #lifetimeTick(): CastResult {
    const { clock } = this.self.runtime;
    const leftMs = this.state.lastPollMs + this.#lifetimeMs - clock.nowMs();
    if (leftMs <= 0) return stop(["shutdown", "inactive"]);
    this.self.sendAfter(leftMs, this.self.pid, LIFETIME_TICK);
    return noReply();
  }

  /** Whoever waits hears of it at once, also those whose requests nobody will read any more. */
  override async terminate(): Promise<void> {
    const { self, state } = this;
    const { socket, topic, unhandled } = state;
    const gone: SessionAnswer = { longpoll: "gone", how: this.#crashed ? "crashed" : "ended" };
    this.#flush();
    if (state.waiting !== undefined) this.#answer(state.waiting, gone);
    for (const to of unhandled) this.#answer(to, gone);
    // From here on the desk answers.
    PubSub.unsubscribe(self, socket.pubsub, topic);
    for (;;) {
      const request = await self.receive(isSessionMessage, { timeoutMs: 0 });
      if (request === TIMEOUT) return;
      this.#answer((request as SessionRequest).to, { longpoll: "gone", how: "absent" });
    }
  }

  #answer({ nodeName, topic }: ReturnRoute, answer: SessionAnswer): void {
    PubSub.directBroadcast(this.self, nodeName, this.state.socket.pubsub, topic, answer);
  }
}
