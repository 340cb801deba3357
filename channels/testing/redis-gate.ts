import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expectDuration } from "../../runtime/internal.ts";
import type { Fault } from "../../supervisors/testing.ts";

const REDIS_PORT = 6_379;
const HOST = "127.0.0.1";

/**
 * A way to a Redis that can be closed: give its `url` to an adapter or a carrier in the place of Redis's own. Passes on what comes, both
 * ways. Without TLS.
 * @example
 * ```ts
 * await using gate = await RedisGate.open("redis://127.0.0.1:6379");
 * const adapter = redisAdapter({ url: gate.url });
 * await chaos(runtime, { seed: 1, durationMs: 60_000, faults: [redisLoss(gate, 2_000)] });
 * ```
 */
export class RedisGate implements AsyncDisposable {
  readonly #server: Server;
  readonly #redis: URL;
  readonly #open = new Set<Socket>();
  /** Faults may overlap: so many have closed it. */
  #lost = 0;

  private constructor(server: Server, redis: URL) {
    this.#server = server;
    this.#redis = redis;
    server.on("connection", (near: Socket) => this.#connected(near));
  }

  static async open(url: string): Promise<RedisGate> {
    const server = createServer();
    server.listen(0, HOST);
    await once(server, "listening");
    server.unref();
    return new RedisGate(server, new URL(url));
  }

  /** That of the Redis, by way of here. */
  get url(): string {
    const url = new URL(this.#redis);
    url.hostname = HOST;
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** All connections break, and new ones do at once, until `restore`, as often as it was called. */
  lose(): void {
    this.#lost += 1;
    for (const socket of this.#open) socket.destroy();
  }

  /** Takes back one `lose`: who connects from now on is let through, if none is left. */
  restore(): void {
    this.#lost = Math.max(0, this.#lost - 1);
  }

  #connected(near: Socket): void {
    if (this.#lost > 0) {
      near.on("error", () => {});
      near.destroy();
      return;
    }
    const { hostname, port } = this.#redis;
    const far = connect(port === "" ? REDIS_PORT : Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#open.add(socket);
      socket.unref();
      socket.pipe(other);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#open.delete(socket);
        other.destroy();
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Redis can't be reached for `ms`, by those who reach it by way of `gate`. On real time only. */
export function redisLoss(gate: RedisGate, ms: number): Fault {
  expectDuration(ms);
  return {
    name: `Redis loss for ${ms} ms`,
    needs: "real time",
    targets: ({ simulation }) => (simulation === undefined ? ["Redis"] : []),
    inflict({ runtime }) {
      gate.lose();
      runtime.clock.setTimer(ms, () => gate.restore());
    },
  };
}
