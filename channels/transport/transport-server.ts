import { inspect } from "node:util";
import {
  type CastResult,
  GenServer,
  ignore,
  type InitResult,
  noReply,
  ok,
  stop,
} from "../../runtime/index.ts";
import { Ignore, Ok } from "../../runtime/internal.ts";
import type { SocketTransportCallbacks, SocketTransportClass } from "../socket-transport.ts";
import { ClientGone, InboundControl, InboundFrame, SocketDrain, SocketOpened } from "../transport-message.ts";
import { IdleTick, IdleWatch } from "./idle-watch.ts";
import type { OpenClient, Peer } from "./peer.ts";

/** What the process of a connection without channels is started with. */
export class TransportStart {
  readonly handler: SocketTransportClass;
  readonly state: unknown;
  readonly peer: Peer;
  readonly idleTimeoutMs: number;
  /** Answers the client. */
  readonly open: OpenClient;

  constructor(
    handler: SocketTransportClass,
    state: unknown,
    peer: Peer,
    idleTimeoutMs: number,
    open: OpenClient,
  ) {
    this.handler = handler;
    this.state = state;
    this.peer = peer;
    this.idleTimeoutMs = idleTimeoutMs;
    this.open = open;
  }
}

/** The process of a connection without channels: runs the callbacks of the user's class. Its state is theirs. */
export class TransportServer extends GenServer<unknown> {
  static override readonly module: string = import.meta.url;

  #handler!: SocketTransportCallbacks;
  #name!: string;
  #peer!: Peer;
  #idle!: IdleWatch;

  init({ handler, state, peer, idleTimeoutMs, open }: TransportStart): InitResult<unknown> {
    const { self } = this;
    self.setLabel({ socket: handler.name });
    this.#name = handler.name;
    this.#peer = peer;
    peer.started?.(self.pid);
    this.#idle = new IdleWatch(self, peer, idleTimeoutMs);
    this.#handler = Object.assign(new handler(), { self, peer });
    // Last: a start that fails is answered by HTTP.
    if (!open(self.pid)) return ignore;
    return ok(state);
  }

  get peer(): Peer {
    return this.#peer;
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    const handler = this.#handler;
    // What sys has put in its place counts.
    handler.state = this.state;
    if (message instanceof InboundFrame) return this.#handled(handler.handleIn(message.data));
    if (message instanceof InboundControl)
      return this.#handled(handler.handleControl?.(message.kind, message.data) ?? noReply());
    if (message instanceof SocketOpened) return this.#opened();
    if (message instanceof ClientGone) return stop(["shutdown", "closed"]);
    if (message instanceof IdleTick)
      return this.#idle.isSilent() ? stop(["shutdown", "inactive"]) : noReply();
    if (message instanceof SocketDrain) return stop(["shutdown", "restart"]);
    if (handler.handleInfo !== undefined) return this.#after(handler.handleInfo(message as never));
    this.self.runtime.logger.warn(
      { message: inspect(message, { depth: 2 }) },
      `${this.#name} has no handleInfo: a message was dropped`,
    );
    return noReply();
  }

  override terminate(reason: unknown): unknown {
    this.#handler.state = this.state;
    return this.#handler.terminate?.(reason);
  }

  #opened(): CastResult | Promise<CastResult> {
    const result = this.#handler.init?.(this.state as never);
    if (result instanceof Promise) return result.then((value) => this.#initialized(value));
    return result === undefined ? noReply() : this.#initialized(result);
  }

  #initialized(result: InitResult<unknown>): CastResult {
    if (result instanceof Ignore) return stop("normal");
    if (!(result instanceof Ok)) return result;
    this.state = result.state;
    return noReply(result.action);
  }

  #handled(returned: CastResult | Promise<CastResult>): CastResult | Promise<CastResult> {
    const result = this.#after(returned);
    if (!(result instanceof Promise)) {
      this.#peer.handled();
      return result;
    }
    // A client whose frames take long may not send more and more of them meanwhile.
    return result.then((value) => {
      this.#peer.handled();
      return value;
    });
  }

  #after(result: CastResult | Promise<CastResult>): CastResult | Promise<CastResult> {
    if (result instanceof Promise) return result.then((value) => this.#keep(value));
    return this.#keep(result);
  }

  #keep(result: CastResult): CastResult {
    this.state = this.#handler.state;
    return result;
  }
}
