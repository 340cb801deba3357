import { inspect } from "node:util";
import type { Logger, LogLevel } from "../runtime/index.ts";
import { isLogged } from "../runtime/internal.ts";
import type { ConnectContext } from "./connect.ts";
import { filterParameters } from "./filter-parameters.ts";
import type { Params } from "./params.ts";
import type { AnySocket } from "./socket.ts";

/** So much is logged of what a client sends: a line is read by people, and clients choose how long their params are. */
const PARAMS_CHARACTERS_MAX = 1_000;

/** Whether anything comes of logging at a level that may be none. */
export function isWanted(logger: Logger, level: LogLevel | false): level is LogLevel {
  return level !== false && isLogged(logger, level);
}

/** The line of a `connect`. What looks like a secret among its params is not in it. */
export function logConnect(
  { handler, transport, runtime: { logger } }: Pick<ConnectContext, "handler" | "transport" | "runtime">,
  ok: boolean,
  durationMs: number,
  params: Params,
): void {
  if (!isWanted(logger, handler.log)) return;
  const what = ok ? "CONNECTED TO" : "REFUSED CONNECTION TO";
  logger[handler.log]({ transport, durationMs, params: loggedParams(params) }, `${what} ${handler.name}`);
}

/** The line of a `join`. */
export function logJoin(
  { topic, id, runtime: { logger } }: AnySocket,
  level: LogLevel | false,
  ok: boolean,
  durationMs: number,
  params: unknown,
): void {
  if (!isWanted(logger, level)) return;
  const what = ok ? "JOINED" : "REFUSED JOIN";
  logger[level]({ topic, id, durationMs, params: loggedParams(params) }, `${what} ${topic}`);
}

/** The line of a `handleIn`. */
export function logHandledIn(
  { topic, id, channel, runtime: { logger } }: AnySocket,
  level: LogLevel | false,
  event: string,
  durationMs: number,
  params: unknown,
): void {
  if (!isWanted(logger, level)) return;
  logger[level](
    { topic, id, event, durationMs, params: loggedParams(params) },
    `HANDLED ${event} INCOMING ON ${topic} (${channel?.name ?? ""})`,
  );
}

/** Without secrets; as the beginning of their JSON, with how much is missing, if they are long. */
function loggedParams(params: unknown): unknown {
  const filtered = filterParameters(params);
  const text = textOf(filtered);
  if (text.length <= PARAMS_CHARACTERS_MAX) return filtered;
  const missing = text.length - PARAMS_CHARACTERS_MAX;
  return `${text.slice(0, PARAMS_CHARACTERS_MAX).toWellFormed()}… (${missing} more characters)`;
}

/** Not all that a serializer may decode has a form in JSON. */
function textOf(params: unknown): string {
  try {
    return JSON.stringify(params) ?? "";
  } catch {
    return inspect(params, { depth: 8 });
  }
}
