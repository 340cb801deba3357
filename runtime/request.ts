import { PendingCall } from "./call.ts";
import type { Dest } from "./dest.ts";
import { DownMessage, type MonitoredName } from "./down-message.ts";
import { runtimeError } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { deepFreeze } from "./freeze.ts";
import { attachMonitor, detachMonitor, watchedAs } from "./monitor.ts";
import { absenceOf } from "./nodes/absence.ts";
import type { Pid } from "./pid.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import { receive, TIMEOUT } from "./receive.ts";
import type { Ref } from "./ref.ts";

/** What came of a request: the reply, or why there is none: `"noproc"`, `"noconnection"`, or the reason with which the server ended. */
export type CallResponse<Reply = unknown> =
  | { readonly ok: true; readonly reply: Reply }
  | { readonly ok: false; readonly reason: ExitReason; readonly server: Pid | MonitoredName };

/** The answer to a request in the mailbox of who sent it: `{Ref, Reply}`. A server that does not wait finds it in `handleInfo`. */
export class ReplyMessage {
  readonly ref: Ref;
  readonly reply: unknown;

  constructor(ref: Ref, reply: unknown) {
    this.ref = ref;
    this.reply = reply;
  }
}

/**
 * A call whose reply comes as a message: `gen_server:request_id()`. To the server it is a call like any other. A server that dies
 * leaves its DownMessage instead of the reply.
 */
export class RequestId<Reply = unknown> extends PendingCall {
  /** Carries `Reply` to the compiler; never set. */
  declare readonly replies?: Reply;

  override answer(value: unknown): void {
    if (!this.active) return;
    if (this.shard.freezeMessages) deepFreeze(value);
    detachMonitor(this);
    this.abandoned();
    this.watcher!.deliver(undefined, new ReplyMessage(this, value));
  }

  override down(reason: ExitReason): void {
    this.abandoned();
    this.watcher!.deliver(undefined, new DownMessage("DOWN", this, this.watched!, reason));
  }
}

/** `gen_server:send_request/2`: never fails; that there is no such server is an answer, too. */
export function sendRequest(process: Process, dest: Dest, message: unknown): RequestId {
  const { shard } = process;
  const request = new RequestId(shard, process, dest, message, Number.POSITIVE_INFINITY);
  if (process.state === ProcessState.Exited) return request;
  request.mark = process.mailbox.mark();
  const server = shard.find(dest);
  request.watched = watchedAs(dest, server, shard.runtime.node);
  if (server === undefined) {
    request.down(absenceOf(shard, dest));
  } else {
    attachMonitor(request, server);
    try {
      request.deliverTo(server);
    } catch (error) {
      giveUp(request);
      throw error;
    }
  }
  return request;
}

/** `gen_server:wait_response/2`: when the time is over, the response may still come, and be waited for again. */
export async function waitResponse(
  process: Process,
  request: RequestId,
  timeoutMs: number,
): Promise<CallResponse | typeof TIMEOUT> {
  expectOwn(process, request);
  const isResponse = (message: unknown): boolean => checkResponse(message, request) !== undefined;
  const message = await receive(process, isResponse, timeoutMs, process.mailbox.indexOf(request.mark));
  return message === TIMEOUT ? TIMEOUT : checkResponse(message, request)!;
}

/** `gen_server:receive_response/2`: when the time is over, the request is given up, and a reply that comes later is dropped. */
export async function receiveResponse(
  process: Process,
  request: RequestId,
  timeoutMs: number,
): Promise<CallResponse | typeof TIMEOUT> {
  const response = await waitResponse(process, request, timeoutMs);
  if (response === TIMEOUT) giveUp(request);
  return response;
}

function giveUp(request: RequestId): void {
  if (detachMonitor(request)) request.abandoned();
}

/** `gen_server:check_response/2`: what `message` says of `request`; undefined (`no_reply`) if it is about something else. */
export function checkResponse(message: unknown, request: RequestId): CallResponse | undefined {
  if (!(request instanceof RequestId)) throw runtimeError("ROOKERY_BADARG", "a request", request);
  if (message instanceof ReplyMessage && message.ref === request) return { ok: true, reply: message.reply };
  if (message instanceof DownMessage && message.ref === request)
    return { ok: false, reason: message.reason, server: message.process };
  return undefined;
}

function expectOwn(process: Process, request: unknown): void {
  if (!(request instanceof RequestId) || request.watcher !== process)
    throw runtimeError("ROOKERY_BADARG", "a request of this process", request);
}
