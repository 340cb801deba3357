import { AssertionError } from "node:assert";
import { inspect } from "node:util";
import { ExitError, type Pid, type Runtime, type Self, sys } from "../../runtime/index.ts";
import { DynamicSupervisor } from "../../supervisors/index.ts";
import { broadcastOf } from "../broadcast.ts";
import { ChannelServer, ChannelStart } from "../channel-server.ts";
import { connectSocket } from "../connect.ts";
import type { ChannelClass } from "../channel.ts";
import type { EventFor, PayloadFor } from "../contract/outgoing.ts";
import { fastlaneDispatcher } from "../fastlane.ts";
import { Broadcast, Message, ReplyMessage } from "../message.ts";
import type { Params } from "../params.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import { type AnySocket, Socket } from "../socket.ts";
import { completeRoute, type CompleteRoute, routeOf, type SocketDefinition } from "../socket-definition.ts";
import type { ConnectInfo } from "../transport/connect-info.ts";
import { JoinRequest, type JoinResult } from "../transport-message.ts";
import { ChannelAssertions } from "./channel-assertions.ts";
import type { Inbox } from "./inbox.ts";
import { NoopFrame, noopSerializers } from "./noop-serializer.ts";
import type { Pace } from "./pace.ts";
import { PushRef } from "./push-ref.ts";
import { TestProcess } from "./test-process.ts";
import type {
  ErrorFor,
  EventInFor,
  JoinErrorOf,
  JoinParamsOf,
  JoinReplyOf,
  PayloadInFor,
  ReplyFor,
  Seen,
  SocketOf,
} from "./test-types.ts";

/** So long a channel may take to end when its client closes the connection. */
const CLOSE_MS = 5_000;

/** What `connect` of a ChannelTest resolves with: the socket, or why it was refused. `Phoenix.ChannelTest.connect/3`. */
export type ConnectOutcome =
  | { readonly ok: true; readonly socket: Socket }
  | { readonly ok: false; readonly reason: unknown };

/**
 * What a join in a ChannelTest resolves with: the reply and the socket of the channel, or the reply that refuses it.
 * `Phoenix.ChannelTest.subscribe_and_join/4`.
 */
export type JoinOutcome<Reply, Error, S> =
  | { readonly ok: true; readonly reply: Reply; readonly socket: S }
  | { readonly ok: false; readonly reply: Error };

/** What a test is made of. */
export interface ChannelTestParts {
  readonly runtime: Runtime;
  readonly pid: Pid<TestProcess>;
  readonly pubsub: string;
  /** The supervisor of the channels. */
  readonly channels: Pid;
  readonly pace: Pace;
  readonly inbox: Inbox;
  readonly joined: Map<Pid, Joined>;
  end(this: void): Promise<void>;
}

/** A channel that the test has started. */
export interface Joined {
  readonly pid: Pid;
  readonly client: Pid;
  readonly topic: string;
  joined: boolean;
  exit: { readonly reason: unknown } | undefined;
}

/**
 * A test of channels without a network: the test plays the clients. `Phoenix.ChannelTest`. Made by `channelTest`.
 *
 * What a channel pushes, replies and broadcasts is kept until an assertion takes it. Nothing has to be waited for: an assertion lets
 * happen what is under way, and time pass on the virtual clock. The payloads are those that were sent, not what JSON makes of them. A
 * channel that crashes fails the test, at the next call or when the test is disposed of, unless its end is asserted or trapped.
 */
export class ChannelTest extends ChannelAssertions implements AsyncDisposable {
  readonly runtime: Runtime;
  /** The test's own process: what is sent to it is asserted by `assertMessage`. */
  readonly pid: Pid<TestProcess>;
  readonly #pubsub: string;
  readonly #channels: Pid;
  readonly #pace: Pace;
  readonly #inbox: Inbox;
  readonly #joined: Map<Pid, Joined>;
  readonly #end: () => Promise<void>;
  readonly #subscribed = new Set<string>();
  #refs = 0;

  /** @internal */
  constructor(parts: ChannelTestParts) {
    super(parts.inbox);
    this.runtime = parts.runtime;
    this.pid = parts.pid;
    this.#pubsub = parts.pubsub;
    this.#channels = parts.channels;
    this.#pace = parts.pace;
    this.#inbox = parts.inbox;
    this.#joined = parts.joined;
    this.#end = parts.end;
  }

  /** A socket as if `connect` had let it in, with this id and these assigns. `socket/4`. */
  async socket(
    handler: SocketDefinition,
    id?: string,
    assigns: Readonly<Record<string, unknown>> = {},
  ): Promise<Socket> {
    const connection = {
      handler,
      transport: "test",
      serializer: noopSerializers[0]!,
      runtime: this.runtime,
      pubsub: this.#pubsub,
      id,
      transportPid: undefined,
    };
    return this.#withClient(new Socket(connection, undefined, Object.freeze({ ...assigns })));
  }

  /** Asks `connect` of the handler. What that throws is thrown here. `connect/3`. */
  async connect(
    handler: SocketDefinition,
    params: Params = {},
    connectInfo: ConnectInfo = {},
  ): Promise<ConnectOutcome> {
    this.#inbox.raiseCrash();
    const context = {
      handler,
      transport: "test",
      runtime: this.runtime,
      pubsub: this.#pubsub,
      serializers: noopSerializers,
    };
    // Without a prototype, as from a query string.
    const given = Object.assign(Object.create(null), params) as Params;
    const connecting = Promise.resolve(connectSocket(context, given, connectInfo));
    const result = await this.#pace.done("connect", connecting);
    if (result.ok) return { ok: true, socket: await this.#withClient(result.socket) };
    if (result.failed) throw result.reason;
    return { ok: false, reason: result.reason };
  }

  /** The same, for a client that has to be let in. */
  async connectOrThrow(
    handler: SocketDefinition,
    params: Params = {},
    connectInfo: ConnectInfo = {},
  ): Promise<Socket> {
    const result = await this.connect(handler, params, connectInfo);
    if (result.ok) return result.socket;
    throw new AssertionError({
      message: `Expected the client to be let in, got error(${inspect(result.reason)})`,
    });
  }

  /**
   * Joins a topic: the channel of the socket's handler for it, or the one that is named, whose contract then gives everything its
   * types. A join that crashes is refused with `{ reason: "join crashed" }`. `join/4`.
   */
  join<C extends ChannelClass>(
    socket: AnySocket,
    channel: C,
    topic: string,
    params?: JoinParamsOf<C>,
  ): Promise<JoinOutcome<JoinReplyOf<C>, JoinErrorOf<C>, SocketOf<C>>>;
  join(
    socket: AnySocket,
    topic: string,
    params?: unknown,
  ): Promise<JoinOutcome<Seen<unknown>, Seen<unknown>, Socket>>;
  async join(socket: AnySocket, ...rest: readonly unknown[]): Promise<JoinOutcome<unknown, unknown, Socket>> {
    this.#inbox.raiseCrash();
    const [topic, route, params] = joinArguments(socket.handler, rest);
    return this.#join(socket as Socket, topic, route, params);
  }

  /** The same, and `assertBroadcast` sees what is broadcast on the topic. `subscribe_and_join/4`. */
  subscribeAndJoin<C extends ChannelClass>(
    socket: AnySocket,
    channel: C,
    topic: string,
    params?: JoinParamsOf<C>,
  ): Promise<JoinOutcome<JoinReplyOf<C>, JoinErrorOf<C>, SocketOf<C>>>;
  subscribeAndJoin(
    socket: AnySocket,
    topic: string,
    params?: unknown,
  ): Promise<JoinOutcome<Seen<unknown>, Seen<unknown>, Socket>>;
  async subscribeAndJoin(
    socket: AnySocket,
    ...rest: readonly unknown[]
  ): Promise<JoinOutcome<unknown, unknown, Socket>> {
    this.#inbox.raiseCrash();
    const [topic, route, params] = joinArguments(socket.handler, rest);
    await this.subscribe(topic);
    return this.#join(socket as Socket, topic, route, params);
  }

  /** The same, for a test that is not about joining: answers the socket, and throws if the join is refused. */
  subscribeAndJoinOrThrow<C extends ChannelClass>(
    socket: AnySocket,
    channel: C,
    topic: string,
    params?: JoinParamsOf<C>,
  ): Promise<SocketOf<C>>;
  subscribeAndJoinOrThrow(socket: AnySocket, topic: string, params?: unknown): Promise<Socket>;
  async subscribeAndJoinOrThrow(socket: AnySocket, ...rest: readonly unknown[]): Promise<Socket> {
    const [topic, route, params] = joinArguments(socket.handler, rest);
    await this.subscribe(topic);
    const result = await this.#join(socket as Socket, topic, route, params);
    if (result.ok) return result.socket;
    throw new AssertionError({
      message: `Expected the join of ${topic} to be let in, got error(${inspect(result.reply)})`,
    });
  }

  /** Makes `assertBroadcast` see what is broadcast on a topic. Twice is as good as once. */
  async subscribe(topic: string): Promise<void> {
    if (this.#subscribed.has(topic)) return;
    this.#subscribed.add(topic);
    await this.#inProcess((self) => PubSub.subscribe(self, this.#pubsub, topic));
  }

  /** Sends an event to the channel, as its client. The answer goes to `assertReply`. `push/3`. */
  push<S extends AnySocket, Event extends EventInFor<S>>(
    socket: S,
    event: Event,
    payload?: PayloadInFor<S, Event>,
  ): PushRef<ReplyFor<S, Event>, ErrorFor<S, Event>> {
    return this.#push(socket, event, payload ?? {});
  }

  /** Broadcasts to the topic of the socket, its channel included, but not so that `assertBroadcast` sees it. `broadcast_from/3`. */
  broadcastFrom<S extends AnySocket, Event extends EventFor<S>>(
    socket: S,
    event: Event,
    payload: PayloadFor<S, Event>,
  ): void {
    this.#inbox.raiseCrash();
    const { pubsub, topic } = socket;
    const broadcast = broadcastOf(topic, event, payload);
    PubSub.broadcastFrom(this.runtime, pubsub, this.pid, topic, broadcast, fastlaneDispatcher);
  }

  /** Leaves the topic, as the client. The channel answers `"ok"` and ends with `["shutdown", "left"]`. `leave/1`. */
  leave(socket: AnySocket): PushRef<Seen<unknown>, never> {
    return this.#push(socket, "phx_leave", {});
  }

  /**
   * Closes the connection, as the client: all its channels end with `["shutdown", "closed"]`. Resolves when they have; one that has
   * not after `timeoutMs` is killed. `close/2`.
   */
  async close(socket: AnySocket, timeoutMs: number = CLOSE_MS): Promise<void> {
    this.#inbox.raiseCrash();
    const client = socket.transportPid!;
    const left = (): Joined[] =>
      [...this.#joined.values()].filter((joined) => joined.client === client && joined.exit === undefined);
    await this.#pace.done("close", this.runtime.stop(client));
    const isOver = (): true | undefined => (left().length === 0 ? true : undefined);
    if ((await this.#pace.until(isOver, timeoutMs, 0)) === undefined) {
      for (const { pid } of left()) this.runtime.exit(pid, "kill");
      await this.#pace.until(isOver, 0, CLOSE_MS);
    }
  }

  /** Lets all that is under way happen and, on a virtual clock, `ms` pass. */
  async advance(ms: number = 0): Promise<void> {
    await this.#pace.pass(ms);
    this.#inbox.raiseCrash();
  }

  /**
   * Answers what a promise comes to, and lets the runtime do what it waits for: for what is asked of the application beside its
   * channels, which on a virtual clock would wait for ever.
   */
  async run<Value>(promise: Promise<Value>): Promise<Value> {
    const value = await this.#pace.done("promise", promise);
    this.#inbox.raiseCrash();
    return value;
  }

  /** Ends all that was started for the test. Throws if a channel has crashed of which the test doesn't know. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pace.pass(0);
    // What ends from here on was ended.
    this.#joined.clear();
    await this.#end();
    this.#inbox.raiseCrash();
  }

  async #withClient(socket: Socket): Promise<Socket> {
    this.#inbox.raiseCrash();
    const { runtime } = this;
    const receive = (message: unknown): void => this.#fromChannel(client, message);
    const client: Pid = await this.#pace.done("start", runtime.start(TestProcess, receive));
    const { id } = socket;
    if (id !== undefined)
      await this.#pace.done(
        "start",
        runtime.call(client, (self: Self) => PubSub.subscribe(self, this.#pubsub, id)),
      );
    return socket.withConnection({ transportPid: client });
  }

  #fromChannel(client: Pid, message: unknown): void {
    if (message instanceof Broadcast) this.#inbox.add({ kind: "broadcast", ...message });
    if (!(message instanceof NoopFrame)) return;
    const { sent } = message;
    if (sent instanceof ReplyMessage) {
      const { ref, status, payload } = sent;
      this.#inbox.add({ kind: "reply", ref: String(ref), status, payload: payload ?? {} });
    } else {
      const { topic, event, payload } = sent;
      this.#inbox.add({ kind: "push", client, topic, event, payload });
    }
  }

  async #join(
    socket: Socket,
    topic: string,
    route: CompleteRoute,
    params: unknown,
  ): Promise<JoinOutcome<unknown, unknown, Socket>> {
    const { runtime } = this;
    const ref = this.#ref();
    const start = new ChannelStart(socket, route, topic, ref);
    const { hibernateAfterMs, shutdownMs, joinTimeoutMs } = route.settings;
    const spec = {
      id: topic,
      start: (parent: Self) =>
        parent.startLink(ChannelServer, start, hibernateAfterMs === undefined ? {} : { hibernateAfterMs }),
      restart: "temporary",
      shutdown: shutdownMs,
    } as const;
    const started = await this.#pace.done(
      "start of a channel",
      DynamicSupervisor.startChild(runtime, this.#channels, spec),
    );
    if (!started.ok)
      throw new AssertionError({ message: `Expected a channel to start, got ${inspect(started)}` });
    const { pid } = started;
    const joined: Joined = { pid, client: socket.transportPid!, topic, joined: false, exit: undefined };
    this.#joined.set(pid, joined);
    await this.#inProcess((self) => self.monitor(pid));
    try {
      const request = new JoinRequest(new Message(ref, ref, topic, "phx_join", params));
      const answered = runtime.call(pid, request, joinTimeoutMs) as Promise<JoinResult>;
      const result = await this.#pace.done(`join of ${topic}`, answered);
      const { payload } = (result.frame as NoopFrame).sent as ReplyMessage;
      if (!result.joined) return { ok: false, reply: payload };
      joined.joined = true;
      if (joined.exit !== undefined) this.#ended(joined, joined.exit.reason);
      return { ok: true, reply: payload, socket: await this.#socketOf(pid, start) };
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      if (error.code !== "ROOKERY_CALL_TIMEOUT") return { ok: false, reply: { reason: "join crashed" } };
      runtime.exit(pid, "kill");
      return { ok: false, reply: { reason: "join timeout" } };
    }
  }

  /** The socket as its channel has it: with the assigns of join. */
  async #socketOf(pid: Pid, { socket, route, topic, joinRef }: ChannelStart): Promise<Socket> {
    try {
      return (await this.#pace.done(
        "join",
        sys.getState(this.runtime, pid, Number.POSITIVE_INFINITY),
      )) as Socket;
    } catch (error) {
      // It has not outlived its first message, which is told elsewhere.
      if (!(error instanceof ExitError)) throw error;
      const self = { pid, runtime: this.runtime } as Self;
      return socket.seated({ channel: route.channel, self, topic, joinRef }, route.assigns).afterJoin();
    }
  }

  /** @internal The channel of `pid` has exited. */
  ended(pid: unknown, reason: unknown): void {
    const joined = this.#joined.get(pid as Pid);
    if (joined === undefined || joined.exit !== undefined) return;
    joined.exit = { reason };
    if (joined.joined) this.#ended(joined, reason);
  }

  #ended({ pid, topic }: Joined, reason: unknown): void {
    this.#inbox.add({ kind: "exit", pid, topic, payload: reason });
  }

  #push<Ok, Error>(socket: AnySocket, event: string, payload: unknown): PushRef<Ok, Error> {
    this.#inbox.raiseCrash();
    const { channelPid, joinRef, topic } = socket;
    if (channelPid === undefined)
      throw new AssertionError({ message: `Expected a socket that has joined, got one that has not` });
    const ref = this.#ref();
    this.runtime.send(channelPid, new Message(joinRef, ref, topic, event, payload));
    return new PushRef(ref, topic, event);
  }

  #ref(): string {
    this.#refs += 1;
    return String(this.#refs);
  }

  #inProcess(run: (self: Self) => unknown): Promise<unknown> {
    return this.#pace.done("subscribe", this.runtime.call(this.pid, run));
  }
}

type JoinArguments = readonly [topic: string, route: CompleteRoute, params: unknown];

/** `(topic, params)`, for which the handler knows the channel, or `(channel, topic, params)`. */
function joinArguments(handler: SocketDefinition, rest: readonly unknown[]): JoinArguments {
  const [first, second, third] = rest;
  if (typeof first === "function") {
    const topic = second as string;
    return [topic, completeRoute([topic, first as ChannelClass]), third ?? {}];
  }
  const route = routeOf(handler, first);
  if (route === undefined)
    throw new AssertionError({
      message: `Expected a topic that ${handler.name} has a channel for, got ${inspect(first)}`,
    });
  return [first as string, route, second ?? {}];
}
