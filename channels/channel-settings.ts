import type { LogLevel } from "../runtime/index.ts";
import type { ChannelClass } from "./channel.ts";
import { channelsError } from "./errors.ts";

const SHUTDOWN_MS = 5_000;
const LOG_LEVELS: readonly unknown[] = ["debug", "info", "warn", "error", false];

/** A level, or false for not at all. */
export function isLogSetting(value: unknown): value is LogLevel | false {
  return LOG_LEVELS.includes(value);
}

/** What a class of channels says about its processes, completed. */
export interface ChannelSettings {
  readonly hibernateAfterMs: number | undefined;
  readonly shutdownMs: number;
  readonly joinTimeoutMs: number;
  readonly logJoin: LogLevel | false;
  readonly logHandleIn: LogLevel | false;
}

/** Throws ROOKERY_SOCKET_OPTION for what a class must not say. */
export function channelSettings(channel: ChannelClass): ChannelSettings {
  const { hibernateAfterMs, shutdownMs = SHUTDOWN_MS, joinTimeoutMs = Number.POSITIVE_INFINITY } = channel;
  const { logJoin = "info", logHandleIn = "debug" } = channel;
  const durations = { hibernateAfterMs: hibernateAfterMs ?? 0, shutdownMs, joinTimeoutMs };
  for (const [name, value] of Object.entries(durations)) {
    if (typeof value !== "number" || !(value >= 0))
      throw channelsError("ROOKERY_SOCKET_OPTION", `${channel.name}.${name} of at least 0`, value);
  }
  for (const [name, value] of Object.entries({ logJoin, logHandleIn })) {
    if (!isLogSetting(value))
      throw channelsError(
        "ROOKERY_SOCKET_OPTION",
        `${channel.name}.${name} to be a log level or false`,
        value,
      );
  }
  return Object.freeze({ hibernateAfterMs, shutdownMs, joinTimeoutMs, logJoin, logHandleIn });
}
