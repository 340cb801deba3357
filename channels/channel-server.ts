import { inspect } from "node:util";
import {
  type CallResult,
  type CastResult,
  DownMessage,
  type From,
  GenServer,
  type InitResult,
  noReply as done,
  type Ok,
  ok as started,
  type Ref,
  reply as answer,
  stop as exit,
} from "../runtime/index.ts";
import { isOrderly, isPromise, type TraceableWork, workTracing } from "../runtime/internal.ts";
import type { ChannelCallbacks } from "./channel.ts";
import { Accepted, NoReply, Refused, Reply, type StatusReply, Stop } from "./channel-returns.ts";
import { channelsError } from "./errors.ts";
import { Fastlane } from "./fastlane.ts";
import { Broadcast, Message, type MessageRef, ReplyMessage } from "./message.ts";
import { PubSub } from "./pubsub/pubsub.ts";
import { joinLog, type Resumption } from "./resume/join-log.ts";
import { ownParams, resumeWish } from "./resume/resume-options.ts";
import { isWanted, logHandledIn, logJoin } from "./socket-log.ts";
import { type AnySocket, Socket } from "./socket.ts";
import type { CompleteRoute } from "./socket-definition.ts";
import { channelHandledIn, channelJoined } from "./telemetry.ts";
import { ChannelClosing, ExpiryChange, JoinRequest, JoinResult, SocketDrain } from "./transport-message.ts";

/** What a channel process is started with: the socket of the connection, and what is joined, under which join_ref. */
export class ChannelStart {
  readonly socket: Socket;
  readonly route: CompleteRoute;
  readonly topic: string;
  readonly joinRef: MessageRef;

  constructor(socket: Socket, route: CompleteRoute, topic: string, joinRef: MessageRef) {
    this.socket = socket;
    this.route = route;
    this.topic = topic;
    this.joinRef = joinRef;
  }
}

type Callback = "codeChange" | "join" | "handleIn" | "handleOut" | "handleInfo" | "handleCall" | "handleCast";

const DONE = ["noReply(socket)", "noReply(socket, action)", "stop(reason, socket)"];
const VALID_RETURNS: Readonly<Record<Callback, readonly string[]>> = {
  codeChange: ["ok(socket)"],
  join: ["ok(socket)", "ok(reply, socket)", "error(reply)"],
  handleIn: [
    ...DONE,
    "reply(status, socket)",
    "reply(status, payload, socket)",
    "stop(reason, status, socket)",
    "stop(reason, [status, payload], socket)",
  ],
  handleOut: DONE,
  handleInfo: DONE,
  handleCall: ["reply(value, socket)", ...DONE],
  handleCast: DONE,
};

/**
 * The process of a channel: runs the callbacks of the user's class, one at a time, and does what they return. Its state is the
 * socket. `Phoenix.Channel.Server`.
 */
export class ChannelServer extends GenServer<AnySocket> {
  static override readonly module: string = import.meta.url;

  #channel!: ChannelCallbacks;
  #route!: CompleteRoute;
  #logsHandleIn = false;
  /** Whether join has returned, be it a refusal. */
  #hasJoinReturned = false;
  /** The monitor of the transport: without its client, a channel has nothing to do. */
  #transport!: Ref;
  /** That of the log, if the client resumes: from there its events come. */
  #log: Ref | undefined = undefined;

  init({ socket, route, topic, joinRef }: ChannelStart): InitResult<AnySocket> {
    const { self } = this;
    self.setLabel({ channel: route.channel.name, topic });
    this.#transport = self.monitor(socket.transportPid!);
    this.#route = route;
    // Asked once: it must cost nothing for each push.
    this.#logsHandleIn = isWanted(self.runtime.logger, route.settings.logHandleIn);
    this.#channel = new route.instances();
    (this.#channel as { self: typeof self }).self = self;
    return started(socket.seated({ channel: route.channel, self, topic, joinRef }, route.assigns));
  }

  override handleCall(request: unknown, from: From): CallResult | Promise<CallResult> {
    if (request instanceof JoinRequest) return this.#join(request.message, from);
    if (this.#channel.handleCall === undefined) throw this.#noHandler("handleCall", request);
    const result = this.#channel.handleCall(request as never, from, this.state as never);
    return isPromise(result) ? result.then((value) => this.#called(value)) : this.#called(result);
  }

  override handleCast(request: unknown): CastResult | Promise<CastResult> {
    if (this.#channel.handleCast === undefined) throw this.#noHandler("handleCast", request);
    return this.#after("handleCast", this.#channel.handleCast(request as never, this.state as never));
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    const { topic } = this.state as Socket;
    if (message instanceof Message && message.topic === topic) {
      return message.event === "phx_leave" ? this.#leave(message) : this.#handleIn(message);
    }
    if (message instanceof Broadcast) {
      if (message.event === "phx_drain") return this.#drain();
      if (message.topic === topic) return this.#handleOut(message);
    }
    if (message instanceof DownMessage && message.ref === this.#transport) {
      // Nobody will ask it to join any more.
      if (!this.#hasJoinReturned) return exit("shutdown");
      return exit(message.reason === "normal" ? ["shutdown", "closed"] : message.reason);
    }
    if (message instanceof DownMessage && message.ref === this.#log) return exit(["shutdown", "log_down"]);
    if (this.#channel.handleInfo !== undefined) {
      return this.#after("handleInfo", this.#channel.handleInfo(message as never, this.state as never));
    }
    this.self.runtime.logger.warn(
      { topic, message: inspect(message, { depth: 2 }) },
      `${this.#route.channel.name} has no handleInfo: a message was dropped`,
    );
    return done();
  }

  override terminate(reason: unknown): unknown {
    // What join has not got ready needs no cleaning up.
    return this.#hasJoinReturned ? this.#channel.terminate?.(reason, this.state as never) : undefined;
  }

  override codeChange(oldVersion: never, socket: never, extra: never): Ok<AnySocket> {
    if (this.#channel.codeChange === undefined) return started(socket);
    const result = this.#channel.codeChange(oldVersion, socket, extra);
    if (!(result instanceof Accepted && result.socket instanceof Socket))
      throw this.#badReturn("codeChange", result);
    return started(result.socket);
  }

  #join(message: Message, from: From): CallResult | Promise<CallResult> {
    const { runtime } = this.self;
    const isTimed = channelJoined.enabled || isWanted(runtime.logger, this.#route.settings.logJoin);
    const startedMs = isTimed ? this.self.runtime.clock.nowMs() : undefined;
    const params = ownParams(this.#route.resume, message.payload);
    const { tracer } = workTracing;
    const join = (): unknown => this.#channel.join(message.topic, params as never, this.state as never);
    const result = tracer === undefined ? join() : tracer.around(this.#work("join", "phx_join"), join);
    if (isPromise(result)) return result.then((value) => this.#joinReturned(message, from, value, startedMs));
    return this.#joinReturned(message, from, result, startedMs);
  }

  #joinReturned(
    message: Message,
    from: From,
    result: unknown,
    startedMs: number | undefined,
  ): CallResult | Promise<CallResult> {
    const { joinRef, ref, topic, payload: params } = message;
    const { serializer } = this.state;
    const joined = result instanceof Accepted && result.socket instanceof Socket;
    if (!joined && !(result instanceof Refused)) throw this.#badReturn("join", result);
    this.#hasJoinReturned = true;
    if (startedMs !== undefined) {
      const durationMs = this.self.runtime.clock.nowMs() - startedMs;
      logJoin(this.state, this.#route.settings.logJoin, joined, durationMs, params);
      if (channelJoined.enabled)
        channelJoined.execute(
          { durationMs },
          { params, socket: this.state, result: joined ? "ok" : "error" },
        );
    }
    if (!joined) {
      const frame = serializer.encode(
        new ReplyMessage(joinRef, ref, topic, "error", (result as Refused).reason),
      );
      this.self.reply(from, new JoinResult(false, frame));
      return exit("shutdown");
    }
    const { resume } = this.#route;
    const wish = resume === undefined ? undefined : resumeWish(topic, this.state.joinRef, params);
    if (wish === undefined) return this.#accepted(message, result, undefined);
    return joinLog(this.self, this.state, resume!, wish).then((log) => this.#accepted(message, result, log));
  }

  #accepted(
    { joinRef, ref, topic }: Message,
    { socket, reply }: Accepted,
    log: Resumption | undefined,
  ): CallResult {
    const { serializer, pubsub, connection } = this.state;
    const { intercepts, resume } = this.#route;
    const lane =
      log === undefined
        ? new Fastlane(connection, intercepts)
        : new Fastlane(connection, resume!.notStraight, resume!.events);
    const response = log === undefined ? reply : log.reply(reply);
    const frame = serializer.encode(new ReplyMessage(joinRef, ref, topic, "ok", response));
    // The transport waits for the reply, so what is broadcast from here on reaches the client after it.
    PubSub.subscribe(this.self, pubsub, topic, lane);
    log?.release();
    this.#log = log?.monitor;
    if (socket.connection !== this.state.connection) this.#connectionChanged(socket);
    this.state = socket.afterJoin();
    return answer(new JoinResult(true, frame));
  }

  #handleIn(message: Message): CastResult | Promise<CastResult> {
    const startedMs =
      channelHandledIn.enabled || this.#logsHandleIn ? this.self.runtime.clock.nowMs() : undefined;
    const socket = this.state.withRef(message.ref);
    const { tracer } = workTracing;
    const result =
      tracer === undefined
        ? this.#callHandleIn(message, socket)
        : tracer.around(this.#work("handleIn", message.event), () => this.#callHandleIn(message, socket));
    if (isPromise(result)) return result.then((value) => this.#handledIn(message, socket, value, startedMs));
    return this.#handledIn(message, socket, result, startedMs);
  }

  #callHandleIn({ event, payload }: Message, socket: AnySocket): unknown {
    const { handleIn } = this.#channel;
    if (typeof handleIn === "function") return handleIn.call(this.#channel, event, payload, socket);
    const handlers = handleIn as Readonly<Record<string, unknown>> | undefined;
    // Clients choose the event: "constructor" and "__proto__" are events like any other.
    if (handlers === undefined || typeof event !== "string" || !Object.hasOwn(handlers, event)) {
      throw this.#noHandler("handleIn", event);
    }
    return (handlers[event] as Function).call(this.#channel, payload, socket);
  }

  #handledIn(
    message: Message,
    socket: AnySocket,
    result: unknown,
    startedMs: number | undefined,
  ): CastResult {
    if (startedMs !== undefined) {
      const { ref, event, payload: params } = message;
      const durationMs = this.self.runtime.clock.nowMs() - startedMs;
      if (this.#logsHandleIn)
        logHandledIn(socket, this.#route.settings.logHandleIn, event, durationMs, params);
      if (channelHandledIn.enabled) channelHandledIn.execute({ durationMs }, { ref, event, params, socket });
    }
    if (result instanceof Reply) {
      if (!this.#keep(result.socket, socket) || typeof result.status !== "string")
        throw this.#badReturn("handleIn", result);
      this.#reply(message, result.status, result.payload);
      return done();
    }
    if (result instanceof NoReply && this.#keep(result.socket, socket)) return done(result.action);
    if (result instanceof Stop && this.#keep(result.socket, socket)) {
      if (result.reply !== undefined) this.#replyStatus(message, result.reply, result);
      return this.#stop(result.reason);
    }
    throw this.#badReturn("handleIn", result);
  }

  /** Takes over the socket that a callback returned; false if it is none. Its ref ends with the callback. */
  #keep(returned: AnySocket, given: AnySocket): boolean {
    if (returned === given) return true;
    if (!(returned instanceof Socket)) return false;
    if (returned.connection !== given.connection) this.#connectionChanged(returned);
    this.state = returned.ref === null ? returned : returned.withRef(null);
    return true;
  }

  /** With `expireAt`, which concerns the transport. */
  #connectionChanged({ expiresAtMs }: AnySocket): void {
    if (expiresAtMs !== undefined) this.self.send(this.state.transportPid!, new ExpiryChange(expiresAtMs));
  }

  #reply({ ref }: Message, status: string, payload: unknown): void {
    const { serializer, transportPid, topic, joinRef } = this.state as Socket;
    this.self.send(transportPid!, serializer.encode(new ReplyMessage(joinRef, ref, topic, status, payload)));
  }

  #replyStatus(message: Message, reply: StatusReply, result: Stop): void {
    const [status, payload] = Array.isArray(reply)
      ? (reply as readonly [unknown, unknown])
      : [reply, undefined];
    if (typeof status !== "string") throw this.#badReturn("handleIn", result);
    this.#reply(message, status, payload);
  }

  #leave(message: Message): CastResult {
    this.#reply(message, "ok", {});
    return this.#stop(["shutdown", "left"]);
  }

  #drain(): CastResult {
    this.self.send(this.state.transportPid!, new SocketDrain());
    return exit(["shutdown", "draining"]);
  }

  #handleOut({ event, payload }: Broadcast): CastResult | Promise<CastResult> {
    if (this.#channel.handleOut === undefined) throw this.#noHandler("handleOut", event);
    const { tracer } = workTracing;
    if (tracer === undefined)
      return this.#after("handleOut", this.#channel.handleOut(event, payload, this.state as never));
    const handleOut = (): unknown => this.#channel.handleOut!(event, payload, this.state as never);
    return this.#after("handleOut", tracer.around(this.#work("handleOut", event), handleOut));
  }

  /** What a callback does, as a trace shows it: for a client, or for the server itself. */
  #work(callback: Callback, event: string): TraceableWork {
    const { channel } = this.#route;
    return {
      kind: callback === "handleOut" ? "internal" : "server",
      name: `${channel.name}.${callback}`,
      attributes: {
        "rookery.channel": channel.name,
        "rookery.topic": this.state.topic,
        "rookery.event": event,
      },
    };
  }

  #after(callback: Callback, result: unknown): CastResult | Promise<CastResult> {
    if (isPromise(result)) return result.then((value) => this.#returned(callback, value));
    return this.#returned(callback, result);
  }

  #returned(callback: Callback, result: unknown): CastResult {
    if (result instanceof NoReply && this.#keep(result.socket, this.state)) return done(result.action);
    if (result instanceof Stop && result.reply === undefined && this.#keep(result.socket, this.state)) {
      return this.#stop(result.reason);
    }
    throw this.#badReturn(callback, result);
  }

  #called(result: unknown): CallResult {
    if (result instanceof Reply && result.payload === undefined && this.#keep(result.socket, this.state)) {
      return answer(result.status);
    }
    return this.#returned("handleCall", result);
  }

  /** Ends the channel because a callback, or a leave, said so: then, and only then, the client hears of an orderly end. */
  #stop(reason: unknown): CastResult {
    if (isOrderly(reason)) this.self.send(this.state.transportPid!, new ChannelClosing(this.self.pid));
    return exit(reason);
  }

  #badReturn(callback: Callback, result: unknown): Error {
    const forms = VALID_RETURNS[callback].map((form) => `\n    ${form}`).join("");
    return channelsError(
      "ROOKERY_CHANNEL_BAD_RETURN",
      `${this.#route.channel.name}.${callback}`,
      forms,
      result,
    );
  }

  #noHandler(callback: Callback, what: unknown): Error {
    return channelsError("ROOKERY_CHANNEL_NO_HANDLER", this.#route.channel.name, callback, what);
  }
}
