import type { Server, ServerResponse } from "node:http";
import { type AddressInfo, Server as NetServer } from "node:net";
import type { Clock, RookeryError } from "../../runtime/index.ts";
import { apiError } from "../errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there already",
  EACCES: "this program is not permitted to",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host",
};

/** Says that nobody can listen there. */
export function listenError(
  host: string,
  port: number,
  { code = "", message }: NodeJS.ErrnoException,
): RookeryError {
  return apiError("ROOKERY_LISTEN", `http://${host}:${port}`, REASONS[code] ?? message);
}

/**
 * The listening socket of one HTTP server, and the requests that came in through it. Connections outlive the listening: those
 * that are open go on, also new requests on them, until the client ends them or `drain` does.
 */
export class Listener {
  readonly server: Server;
  readonly #active: Set<ServerResponse> = new Set();
  #abandoned = false;

  constructor(server: Server) {
    this.server = server;
    const active = this.#active;
    // One function for all responses: a closure for each would be work for each request.
    function forget(this: ServerResponse): void {
      active.delete(this);
    }
    server.on("request", (_request, response) => {
      active.add(response);
      response.on("close", forget);
    });
  }

  /**
   * Listens and answers the port, which the system chooses for port 0. With `reusePort`, others who say so may listen there, too: the system
   * gives each connection to one of them. Throws `ROOKERY_LISTEN`.
   */
  listen(host: string, port: number, reusePort: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException): void => reject(listenError(host, port, error));
      // Its owner was killed before: the port is its successor's.
      if (this.#abandoned) return refuse(new Error("the process that asked for it has ended"));
      this.server.once("error", refuse);
      this.server.listen({ host, port, reusePort }, () => {
        this.server.off("error", refuse);
        resolve((this.server.address() as AddressInfo).port);
        if (this.#abandoned) this.#close();
      });
    });
  }

  /** How many are in and not answered yet. */
  get requests(): number {
    return this.#active.size;
  }

  /** Lets each connection end with the answer to the request that is in on it. */
  endWithAnswers(): void {
    for (const response of this.#active) if (!response.headersSent) response.setHeader("connection", "close");
  }

  /** Closes the listening socket, at once: another one may listen on its port when this returns. */
  abandon(): void {
    this.#abandoned = true;
    if (this.server.listening) this.#close();
  }

  /**
   * Waits for the answers to the requests that are in, then closes everything, at the latest after `timeoutMs`. For the first half of
   * that time it goes on listening, until those that are in now are answered: whoever asks for the health of the program
   * shall hear that it is draining rather than nothing.
   */
  async drain(clock: Clock, timeoutMs: number): Promise<void> {
    const endMs = clock.nowMs() + timeoutMs;
    await this.#answered(clock, timeoutMs / 2);
    this.abandon();
    this.server.closeIdleConnections();
    await this.#answered(clock, Math.max(0, endMs - clock.nowMs()));
    this.server.closeAllConnections();
  }

  /** Resolves when all requests that are in now are answered, or after `timeoutMs`. */
  #answered(clock: Clock, timeoutMs: number): Promise<void> {
    const open = new Set(this.#active);
    if (open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.setTimer(timeoutMs, resolve);
      for (const response of open) {
        response.once("close", () => {
          open.delete(response);
          if (open.size > 0) return;
          timer.cancel();
          resolve();
        });
      }
    });
  }

  #close(): void {
    // Not http's own close: that one would also end connections that are idle between two requests, and a client that is just
    // sending its next one can't tell whether it was served.
    NetServer.prototype.close.call(this.server);
  }
}
