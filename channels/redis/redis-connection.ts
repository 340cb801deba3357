import type { HostTimer, Runtime } from "../../runtime/index.ts";
import { brief } from "../../runtime/internal.ts";
import { channelsError } from "../errors.ts";
import type { PubSubState } from "../pubsub/adapter.ts";
import { redisConnectionChanged } from "../telemetry.ts";
import { redisAddress, type RedisSettings } from "./redis-options.ts";
import { loadClient, RedisSession } from "./redis-session.ts";

const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 2_000;
/** So long what is still unsent has to leave when a connection is closed. */
const CLOSE_MS = 1_000;

/** What a connection takes of the runtime for which it is there. */
export type RedisHome = Pick<Runtime, "clock" | "random" | "logger">;

/** Who uses a connection. */
export interface RedisUser {
  /** As it is called in logs: `PubSub demo.pubsub`. */
  readonly name: string;
  /** A session has begun: time to subscribe. It is in use when that is done. */
  begin(session: RedisSession): Promise<void>;
  /** It is in use. */
  up?(session: RedisSession): void;
  /** It has ended, and with it what was not acknowledged. */
  down?(): void;
}

/**
 * A connection with Redis that is made anew whenever it is lost, for as long as it is not closed. Keeps nothing for later: what is
 * published while there is no connection, or faster than Redis takes it, is dropped. Says so once for each change, in the log and as
 * `rookery.redis.connection_changed`. Doesn't keep Node running.
 */
export class RedisConnection {
  readonly #home: RedisHome;
  readonly #settings: RedisSettings;
  readonly #user: RedisUser;
  readonly #address: string;
  #session: RedisSession | undefined = undefined;
  #state: PubSubState = "down";
  /** Nothing was reported yet: the first connection is none that came back. */
  #isFirst = true;
  #dropped = 0;
  #attempts = 0;
  /** So often in a row Redis has not answered before it was time to ask again. */
  #missedBeats = 0;
  #timer: HostTimer | undefined = undefined;
  #closed = false;

  constructor(home: RedisHome, settings: RedisSettings, user: RedisUser) {
    this.#home = home;
    this.#settings = settings;
    this.#user = user;
    this.#address = redisAddress(settings.url);
  }

  get address(): string {
    return this.#address;
  }

  get state(): PubSubState {
    return this.#state;
  }

  /** Connects for the first time. Resolves when that has been tried, with whatever success; from then on it is tried again and again. */
  async open(): Promise<void> {
    // It takes its time, which is not that of Redis.
    await loadClient();
    await this.#connect();
  }

  /** False if the message is dropped. */
  publish(channel: string, bytes: Buffer): boolean {
    const session = this.#session;
    if (this.#state !== "down" && session !== undefined) {
      this.#catchUp(session);
      if (this.#state === "up" && session.unsentBytes < this.#settings.unsentBytesMax) {
        session.publish(channel, bytes);
        return true;
      }
      if (this.#state === "up") this.#change("behind", undefined);
    }
    this.#dropped += 1;
    return false;
  }

  /** Lets what is on its way arrive, if that doesn't take long, and connects no more. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    const timer = this.#home.clock.setTimer(CLOSE_MS, () => session.cut());
    try {
      await session.close();
    } finally {
      timer.cancel();
    }
  }

  /** Connects no more, and drops what is on its way. */
  abandon(): void {
    this.#closed = true;
    this.#timer?.cancel();
    const session = this.#session;
    this.#session = undefined;
    session?.cut();
  }

  /** Ends the session and begins another one: something was lost on the way. */
  renew(): void {
    this.#session?.cut();
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    const { url, timeoutMs } = this.#settings;
    this.#attempts += 1;
    const session = new RedisSession(url, timeoutMs);
    this.#session = session;
    session.onEnd((reason) => this.#lost(session, reason));
    // For all of it: a Redis that hangs takes connections, and says nothing.
    const timer = this.#home.clock.setTimer(timeoutMs, () => session.cut(this.#silence(timeoutMs)));
    try {
      await session.open();
      await this.#user.begin(session);
      if (session !== this.#session) return;
      this.#attempts = 0;
      this.#change("up", undefined);
      this.#missedBeats = 0;
      this.#beat(session);
      this.#user.up?.(session);
    } catch (error) {
      session.cut(error);
    } finally {
      timer.cancel();
    }
  }

  #silence(ms: number): Error {
    return channelsError("ROOKERY_REDIS", this.#address, `nothing for ${ms} ms`);
  }

  /** Asks again and again whether Redis is there. Beats are counted, not time: who was held up itself asks once more before it is sure. */
  #beat(session: RedisSession): void {
    const { heartbeatMs, timeoutMs } = this.#settings;
    if (session !== this.#session) return;
    this.#catchUp(session);
    if (this.#missedBeats === 0)
      session.command("PING").then(
        () => {
          if (session === this.#session) this.#missedBeats = 0;
        },
        () => {},
      );
    this.#missedBeats += 1;
    this.#timer = this.#home.clock.setTimer(heartbeatMs, () => {
      const silentMs = this.#missedBeats * heartbeatMs;
      if (silentMs >= timeoutMs) session.cut(this.#silence(silentMs));
      else this.#beat(session);
    });
    this.#timer.unref();
  }

  #catchUp(session: RedisSession): void {
    if (this.#state === "behind" && session.unsentBytes <= this.#settings.unsentBytesMax / 2)
      this.#change("up", undefined);
  }

  #lost(session: RedisSession, reason: unknown): void {
    if (session !== this.#session) return;
    this.#session = undefined;
    this.#timer?.cancel();
    const wasUp = this.#state !== "down";
    if (wasUp || this.#isFirst) this.#change("down", reason);
    if (wasUp) this.#user.down?.();
    const { clock, random } = this.#home;
    const afterMs = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** this.#attempts);
    this.#timer = clock.setTimer(afterMs * (0.5 + random.next() / 2), () => void this.#connect());
    this.#timer.unref();
  }

  #change(state: PubSubState, reason: unknown): void {
    const [user, address, dropped, isFirst] = [this.#user.name, this.#address, this.#dropped, this.#isFirst];
    this.#state = state;
    this.#dropped = 0;
    this.#isFirst = false;
    if (redisConnectionChanged.enabled)
      redisConnectionChanged.execute({ dropped }, { user, address, state, reason });
    const { logger } = this.#home;
    if (state === "down")
      logger.error(
        { user, address, reason },
        `${user} is cut off from Redis at ${address}: ${brief(reason)}`,
      );
    else if (state === "behind")
      logger.warn({ user, address }, `${user} sends faster than Redis at ${address} takes: some is dropped`);
    else if (!isFirst)
      logger.warn({ user, address, dropped }, `${user} is connected with Redis at ${address} again`);
  }
}
