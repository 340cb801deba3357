import type * as Library from "@redis/client";
import { channelsError } from "../errors.ts";
import { redisAddress } from "./redis-options.ts";

/** What is used of the client library. */
interface Client {
  connect(): Promise<unknown>;
  close(): Promise<void>;
  destroy(): void;
  unref(): void;
  on(event: "error" | "end", listener: (error?: Error) => void): unknown;
  sendCommand(args: (string | Buffer)[]): Promise<unknown>;
  subscribe(channel: string, listener: (bytes: Buffer) => void, asBytes: true): Promise<void>;
}

/** The client library: loaded by those who use Redis, and nobody else. */
export function loadClient(): Promise<typeof Library> {
  return import("@redis/client");
}

/** One connection, from its beginning to its end, for publishing, subscribing and commands. It never comes back. */
export class RedisSession {
  readonly #url: string;
  readonly #timeoutMs: number;
  #client: Client | undefined = undefined;
  #ended = false;
  #isClosing = false;
  readonly #end = Promise.withResolvers<never>();
  #onEnd: (reason: unknown) => void = () => {};
  /** So much is on its way to Redis, unacknowledged. */
  unsentBytes = 0;

  constructor(url: string, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
    this.#end.promise.catch(() => {});
  }

  /** `hear` is called once, unless it is closed by those who use it. */
  onEnd(hear: (reason: unknown) => void): void {
    this.#onEnd = hear;
  }

  /** Rejects when it ends before it is open. */
  open(): Promise<void> {
    return Promise.race([this.#connect(), this.#end.promise]);
  }

  async #connect(): Promise<void> {
    const { createClient } = await loadClient();
    if (this.#ended) throw this.#gone();
    const client: Client = createClient({
      url: this.#url,
      RESP: 3,
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: "disabled",
      // Who is connected anew begins anew: that is for those to decide who use it.
      socket: { reconnectStrategy: false, connectTimeout: this.#timeoutMs },
    });
    this.#client = client;
    client.on("error", (error) => this.cut(error));
    await client.connect();
    if (this.#ended) throw this.#gone();
    client.unref();
  }

  subscribe(channel: string, listener: (bytes: Buffer) => void): Promise<void> {
    const hear = (bytes: Buffer): void => {
      if (!this.#ended && !this.#isClosing) listener(bytes);
    };
    return this.#client!.subscribe(channel, hear, true);
  }

  /** Rejects if Redis refuses it, or the session has ended before it has answered. */
  command(...args: (string | Buffer)[]): Promise<unknown> {
    return this.#ended ? Promise.reject(this.#gone()) : this.#client!.sendCommand(args);
  }

  /** Commands and messages leave in the order in which they were given. */
  publish(channel: string, bytes: Buffer): void {
    if (this.#ended) return;
    const size = bytes.length;
    this.unsentBytes += size;
    const settled = (): void => {
      this.unsentBytes -= size;
    };
    this.#client!.sendCommand(["PUBLISH", channel, bytes]).then(settled, settled);
  }

  /** Ends it at once, and tells so whoever wants to hear. */
  cut(reason: unknown = this.#gone()): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#client?.destroy();
    this.#end.reject(reason);
    this.#onEnd(reason);
  }

  /** Ends it when all that was sent is acknowledged. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#onEnd = () => {};
    try {
      await Promise.race([this.#client?.close(), this.#end.promise]);
    } catch {
      // It was not open any more.
    }
    this.cut();
  }

  #gone(): Error {
    return channelsError("ROOKERY_REDIS", redisAddress(this.#url), "the end of the connection");
  }
}
