import type { FastifyInstance } from "fastify";
import type { CallResult, CastResult, InitResult } from "../../runtime/index.ts";
import {
  ExitMessage,
  GenServer,
  ignore,
  noReply,
  ok,
  reply,
  RookeryError,
  stop,
} from "../../runtime/index.ts";
import { isOrderly, onProcessExit } from "../../runtime/internal.ts";
import { buildApp } from "./app.ts";
import { Listener } from "./listener.ts";
import type { EndpointState } from "./running-endpoint.ts";

/** The listening socket is broken: the acceptor sends it to itself. */
class ListenerFailed {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/**
 * The HTTP server as a process: it owns the Fastify instance and the listening socket, and nothing listens once it is
 * dead, whatever it died of. WebSockets and requests that are in go on without it; its successor listens on the same port.
 */
export class Acceptor extends GenServer<{ readonly url: string }, "url"> {
  static override readonly module: string = import.meta.url;

  #endpoint!: EndpointState;
  #app!: FastifyInstance;

  /** What serves the requests. */
  get app(): FastifyInstance {
    return this.#app;
  }

  async init(endpoint: EndpointState): Promise<InitResult<{ readonly url: string }>> {
    const { pid, runtime } = this.self;
    if (endpoint.acceptors === "first_shard" && runtime.place !== 0) return ignore;
    this.self.trapExit(true);
    this.#endpoint = endpoint;
    endpoint.runtime = runtime;
    endpoint.draining = false;
    endpoint.takesClients = true;
    // Not in this turn: with its schemas it takes longer than a turn should, of which nobody needs to be warned at each start.
    await Promise.resolve();
    const app = await buildApp(endpoint);
    this.#app = app;
    if (!endpoint.server) {
      onProcessExit(pid, () => release(app));
      return ok({ url: endpoint.url });
    }
    const listener = new Listener(app.server);
    // Before it listens: a kill may come at any moment.
    onProcessExit(pid, () => listener.abandon());
    this.#releaseWhenOver(app, listener);
    try {
      const { host, port, acceptors } = endpoint;
      endpoint.listening(await listener.listen(host, port, acceptors === "every_shard"));
    } catch (error) {
      endpoint.listeners.delete(listener);
      await app.close();
      // Not a crash: the supervisor hears of it, and whoever starts the tree.
      if (error instanceof RookeryError) return stop(error);
      throw error;
    }
    app.server.on("error", (error) => runtime.send(pid, new ListenerFailed(error)));
    return ok({ url: endpoint.url });
  }

  override handleCall(_request: "url"): CallResult {
    return reply(this.state.url);
  }

  override handleInfo(message: unknown): CastResult {
    if (message instanceof ListenerFailed) return stop(message.error);
    return message instanceof ExitMessage ? stop(message.reason) : noReply();
  }

  /**
   * Lets the requests that are in finish, also those that came in through acceptors before this one. Not when the tree above was
   * killed: then it ends at once, for its successor may be on its way and needs the name.
   */
  override terminate(reason: unknown): Promise<void> | undefined {
    return isOrderly(reason) ? this.#drain() : undefined;
  }

  async #drain(): Promise<void> {
    const { clock, logger, place } = this.self.runtime;
    const { name, requestDrainMs } = this.#endpoint.options;
    const listeners = [...this.#endpoint.listeners];
    const requests = listeners.reduce((sum, listener) => sum + listener.requests, 0);
    logger.info({ shard: place, requests }, `${name} finishes the requests that are in`);
    await Promise.all(listeners.map((listener) => listener.drain(clock, requestDrainMs)));
    logger.info({ shard: place }, `${name} is closed`);
  }

  /** Closes the Fastify instance, and what plugins hold with it, once its last connection has ended. */
  #releaseWhenOver(app: FastifyInstance, listener: Listener): void {
    const { listeners } = this.#endpoint;
    listeners.add(listener);
    app.server.once("close", () => {
      listeners.delete(listener);
      release(app);
    });
  }
}

function release(app: FastifyInstance): void {
  app.close().catch((error: unknown) => app.log.error({ err: error }, "A plugin failed to close"));
}
