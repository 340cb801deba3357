import type { From } from "./call.ts";
import type { Dest, PidOf, ServerOf, ViaName } from "./dest.ts";
import type { CallOf, CastOf, InfoOf, ReplyOf, RequestTo } from "./gen-server.ts";
import type { CancelTimerOptions, TimerOptions } from "./message-timer.ts";
import type { AliasMode } from "./monitor.ts";
import type { MultiCallResult } from "./multi-call.ts";
import type { NodeName } from "./nodes/node-name.ts";
import type { Pid } from "./pid.ts";
import type { ProcessInfo, ProcessItems } from "./process-info.ts";
import type { Match, RefMessage, TIMEOUT } from "./receive.ts";
import type { Ref } from "./ref.ts";
import type { CallResponse, RequestId } from "./request.ts";
import type { Runtime } from "./runtime.ts";
import type { InitArg, ServerClass, ServerInstance } from "./server-class.ts";
import type { StartOptions } from "./start.ts";

/** How a process hears of another one's end: the options of `erlang:monitor/3`. */
export interface MonitorOptions {
  /** Takes the place of `"DOWN"` as the `type` of the message. */
  readonly tag?: unknown;
  /** The reference is an alias, too, and until when. */
  readonly alias?: Exclude<AliasMode, "reply">;
}

/**
 * A process, as its own code sees it: the parameter of a body, `this.self` in a server. Everything a process does to others it
 * does through its handle; there is no ambient "current process". Once the process is dead, its handle does nothing
 * any more: what it sends is dropped, what it waits for never comes.
 */
export interface Self {
  readonly pid: Pid;
  readonly runtime: Runtime;
  /** Aborted when the process exits: hand it to what you wait for outside (fetch, timers, streams). */
  readonly signal: AbortSignal;

  /**
   * Sends `message`. Never waits; a message to a dead process is dropped. Two messages from the same sender arrive in the
   * order in which they were sent. Throws ROOKERY_BADARG for a name that nobody has; to a name on a node, as `{ name, node }`, it is
   * dropped like one to a dead process.
   */
  send<D extends Dest>(dest: D, message: InfoOf<ServerOf<D>>): void;

  /**
   * Waits for the oldest message that `match` accepts, any message without one. Others stay in the mailbox, in order. With
   * `timeoutMs`, answers TIMEOUT when none has come by then, counted from the start; 0 looks through the mailbox once.
   * @example
   * ```ts doctest
   * self.send(self.pid, "hello");
   * await self.receive(); // => "hello"
   * ```
   */
  receive(): Promise<unknown>;
  receive<Message>(match: (message: unknown) => message is Message): Promise<Message>;
  receive(match: Match): Promise<unknown>;
  receive<Message>(
    match: (message: unknown) => message is Message,
    options: { readonly timeoutMs: number },
  ): Promise<Message | typeof TIMEOUT>;
  receive(match: Match | undefined, options: { readonly timeoutMs: number }): Promise<unknown>;
  /**
   * Waits for the oldest message whose `ref` is this reference. For one that this process made (a monitor, an alias, a request),
   * what was in the mailbox before is not looked at: it costs the same however long the mailbox is.
   */
  receive(wanted: RefMessage): Promise<RefMessage>;
  receive(wanted: RefMessage, options: { readonly timeoutMs: number }): Promise<RefMessage | typeof TIMEOUT>;
  /** `timer:sleep/1`: lets `ms` pass; the messages that come meanwhile stay in the mailbox. */
  sleep(ms: number): Promise<void>;

  /**
   * From now on this process gets a ShardMessage when another shard comes, and when one is gone: `net_kernel:monitor_nodes/1`. Those
   * that are there already it can ask for: `runtime.shards`.
   */
  monitorShards(flag: boolean): void;
  /**
   * `monitor_node/2`: a NodeMessage `nodedown` when that node can't be reached any more, at once if it can't be now. One for each time
   * that it was asked for; false takes one back.
   */
  monitorNode(node: string, flag: boolean): true;
  /**
   * `net_kernel:monitor_nodes/1`: a NodeMessage whenever a node comes or is gone, one for each time that it was asked for. Those that are
   * there already are in `runtime.nodes()`.
   */
  monitorNodes(flag: boolean): void;

  /** Starts a process that runs `body`. Returns at once; the body runs in a turn of its own. */
  spawn(body: (self: Self) => unknown): Pid;
  /** The same, linked from the first moment. */
  spawnLink(body: (self: Self) => unknown): Pid;
  /** The same, monitored from the first moment. */
  spawnMonitor(body: (self: Self) => unknown): { readonly pid: Pid; readonly ref: Ref };

  /** `link/1`. Throws ROOKERY_NOPROC for a dead process, unless this one traps exits: then it gets the ExitMessage. */
  link(pid: Pid): true;
  /** `unlink/1`: afterwards no exit of this link comes any more. */
  unlink(pid: Pid): true;
  /**
   * `monitor/2,3`: one DownMessage when the process is gone, at once with `"noproc"` if it is gone already, with `"noconnection"` when
   * its node can't be reached.
   */
  monitor(dest: Pid | string | ViaName | NodeName, options?: MonitorOptions): Ref;
  /** `demonitor/2`. `flush` also removes its DownMessage from the mailbox; `info` makes the answer tell whether it was active. */
  demonitor(ref: Ref, options?: { readonly flush?: boolean; readonly info?: boolean }): boolean;
  /** `alias/1`: a reference that others can send to, until `unalias`, or, with `{ reply: true }`, for one message. */
  alias(options?: { readonly reply?: boolean }): Ref;
  /** `unalias/1`: false if it was not an active alias of this process. */
  unalias(ref: Ref): boolean;

  /** `exit/1`: ends this process with `reason`, unless the ExitError that it throws is caught. */
  exit(reason: unknown): never;
  /**
   * `exit/2`: sends an exit signal. `"kill"` can't be trapped; `"normal"` is ignored by others that don't trap exits. To
   * oneself, when it is deadly, it doesn't return, and can't be caught.
   */
  exit(pid: Pid, reason: unknown): true;
  /** Whether exit signals come as ExitMessages instead of ending this process. Answers what it was. */
  trapExit(flag: boolean): boolean;

  /** `register/2`. Throws ROOKERY_NAME_TAKEN or ROOKERY_BADARG. */
  register(name: string, pid?: Pid): void;
  /** `unregister/1`. Throws ROOKERY_BADARG if nobody has the name. */
  unregister(name: string): void;
  whereis<Name extends string | ViaName>(name: Name): PidOf<Name> | undefined;

  /** `erlang:send_after/3,4`: sends `message` after `ms`. A name is looked up when it fires. */
  sendAfter<D extends Dest>(ms: number, dest: D, message: InfoOf<ServerOf<D>>, options?: TimerOptions): Ref;
  /** `erlang:start_timer/3,4`: the same, as `{ type: "timeout", ref, message }`. */
  startTimer(ms: number, dest: Dest, message: unknown, options?: TimerOptions): Ref;
  /**
   * `timer:send_interval/3`: sends `message` every `ms`, until it is cancelled, or the process that `dest` names now dies. Does
   * nothing if it names none.
   */
  sendInterval<D extends Dest>(ms: number, dest: D, message: InfoOf<ServerOf<D>>): Ref;
  /**
   * `erlang:cancel_timer/1,2`: the milliseconds that were left, or false if it has fired: then its message may be in the mailbox.
   * With `{ async: true }` that comes as a CancelTimerMessage, with `{ info: false }` not at all. Any process may cancel any timer.
   */
  cancelTimer(ref: Ref): number | false;
  cancelTimer(ref: Ref, options: CancelTimerOptions): number | false | undefined;
  readTimer(ref: Ref): number | false;

  /**
   * `GenServer.call`: sends a request and waits for the reply, 5,000 ms unless told otherwise. Rejects with an ExitError if there
   * is no such process, if it exits first, or when the time is over; a reply that comes later is dropped.
   */
  call<D extends Dest, Request extends CallOf<ServerOf<D>>>(
    dest: D,
    request: RequestTo<ServerOf<D>, Request>,
    timeoutMs?: number,
  ): Promise<ReplyOf<ServerOf<D>, Request>>;
  /**
   * `gen_server:send_request/2`: a call whose reply comes as a message, for those who have other things to do meanwhile. Take it with
   * `receiveResponse` or `waitResponse`, or hand the messages of `handleInfo` to `checkResponse`.
   * @example
   * ```ts doctest
   * const request = self.sendRequest("nobody", "hello");
   * self.checkResponse(await self.receive(), request)?.ok; // => false
   * ```
   */
  sendRequest<D extends Dest, Request extends CallOf<ServerOf<D>>>(
    dest: D,
    request: RequestTo<ServerOf<D>, Request>,
  ): RequestId<ReplyOf<ServerOf<D>, Request>>;
  /** `gen_server:wait_response/2`: TIMEOUT when the time is over; the response may be waited for again then. */
  waitResponse<Reply>(request: RequestId<Reply>): Promise<CallResponse<Reply>>;
  waitResponse<Reply>(
    request: RequestId<Reply>,
    timeoutMs: number,
  ): Promise<CallResponse<Reply> | typeof TIMEOUT>;
  /** `gen_server:receive_response/2`: the same, but after a TIMEOUT the request is given up and a late reply dropped. */
  receiveResponse<Reply>(request: RequestId<Reply>): Promise<CallResponse<Reply>>;
  receiveResponse<Reply>(
    request: RequestId<Reply>,
    timeoutMs: number,
  ): Promise<CallResponse<Reply> | typeof TIMEOUT>;
  /** `gen_server:check_response/2`: the response if `message` is one to `request`, undefined if it is not. */
  checkResponse<Reply>(message: unknown, request: RequestId<Reply>): CallResponse<Reply> | undefined;
  /** `gen_server:multi_call/4`: calls the server of that name on each node, and never fails. */
  multiCall<Name extends string>(
    nodes: readonly string[],
    name: Name,
    request: CallOf<ServerOf<Name>>,
    timeoutMs?: number,
  ): Promise<MultiCallResult<ReplyOf<ServerOf<Name>>>>;
  /** `gen_server:abcast/3`: casts to the server of that name on each node, and never fails. */
  abcast<Name extends string>(nodes: readonly string[], name: Name, request: CastOf<ServerOf<Name>>): void;
  /** `GenServer.cast`: sends a request that is not answered. Never fails. */
  cast<D extends Dest>(dest: D, request: CastOf<ServerOf<D>>): void;
  /** `GenServer.reply`: answers a call that a callback left open. */
  reply<Reply>(from: From<Reply>, value: NoInfer<Reply>): void;

  /** `GenServer.start`: starts a server, resolves when its init is done, rejects with a StartError if there is none. */
  start<S extends ServerInstance, Name extends string | ViaName>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions<NoInfer<S>, Name>,
  ): Promise<Pid<S>>;
  /** `GenServer.start_link`: linked from the first moment, and this process is its parent. */
  startLink<S extends ServerInstance, Name extends string | ViaName>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions<NoInfer<S>, Name>,
  ): Promise<Pid<S>>;
  /**
   * `gen_server:start_monitor`: monitored from the moment in which its init is done. Of an init that fails only the StartError tells,
   * no DownMessage.
   */
  startMonitor<S extends ServerInstance, Name extends string | ViaName>(
    Server: ServerClass<S>,
    arg: InitArg<S>,
    options?: StartOptions<NoInfer<S>, Name>,
  ): Promise<{ readonly pid: Pid<S>; readonly ref: Ref }>;
  /** `GenServer.stop`: makes a server terminate with `reason` and waits until it is dead. */
  stop(dest: Dest, reason?: unknown, timeoutMs?: number): Promise<void>;

  isAlive(pid: Pid): boolean;
  /** `process_info/1,2`: all there is to know, one item, or the items of a list, in its order. Undefined for a dead process. */
  info(pid: Pid): ProcessInfo | undefined;
  info<Item extends keyof ProcessItems>(pid: Pid, item: Item): ProcessItems[Item] | undefined;
  info<Item extends keyof ProcessItems>(
    pid: Pid,
    items: readonly Item[],
  ): Pick<ProcessItems, Item> | undefined;
  /**
   * The process dictionary; equal keys are one, also when they are arrays. `put` and `erase` answer the old value. Without a key,
   * `get` answers a copy of the whole, and `erase` empties it and answers what was there. `get/0,1`, `put/2`, `erase/0,1`.
   */
  get(): Map<unknown, unknown>;
  get(key: unknown): unknown;
  put(key: unknown, value: unknown): unknown;
  erase(): Map<unknown, unknown>;
  erase(key: unknown): unknown;
  /** The keys of the process dictionary; with `value`, those that have an equal one. `get_keys/0,1`. */
  getKeys(): unknown[];
  getKeys(value: unknown): unknown[];
  /** What observers and reports show for this process besides its name. */
  setLabel(label: unknown): void;
  /**
   * `erlang:suspend_process`: the other process has no turn until this one resumes it as often, or exits. Messages wait; exit signals
   * don't. Code that awaits something other than a message goes on to its next `receive`. Throws ROOKERY_BADARG for a
   * dead process and for this one.
   */
  suspendProcess(pid: Pid): true;
  /** `erlang:resume_process`. Throws ROOKERY_BADARG for a process that this one has not suspended. */
  resumeProcess(pid: Pid): true;
  /** Lets go of the memory that an idle process doesn't need, such as the room of a mailbox that was long. All that it waits for stays. */
  hibernate(): void;
  /** `process_flag(priority, ..)`: answers the old one. */
  setPriority(priority: "high" | "normal" | "low"): "high" | "normal" | "low";
}
