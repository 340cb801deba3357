import type { FastifyBaseLogger } from "fastify";
import { type DestinationStream, type Logger as PinoLogger, pino, type SerializedError } from "pino";
import type { Logger, LogLevel } from "../runtime/index.ts";
import { filterParameters, isSecretName } from "../channels/internal.ts";
import { stdoutLines } from "./log-lines.ts";

export interface LoggerOptions {
  /** The lowest level that is written: `"debug"`, `"info"`, `"warn"`, `"error"` or `"silent"`. Default: `"info"`. */
  readonly level?: string;
  /** Where lines go. Default: stdout, all lines of a turn of the event loop together, errors at once. */
  readonly destination?: DestinationStream;
}

/**
 * Makes the logger of an application, for its runtime and its endpoint: pino, so one JSON object a line. What stands under
 * the name of a secret (a password, a token, a header `authorization` or `cookie`) is written as `"[FILTERED]"`.
 */
export function createLogger(options: LoggerOptions = {}): PinoLogger {
  const settings = {
    level: options.level ?? "info",
    base: null,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: filteredFields,
    },
    // Serializers run after the filter and take an error apart, so what they make is filtered, too.
    serializers: { err: serializeError, reason: serializeError },
  };
  return pino(settings, options.destination ?? stdoutLines());
}

/** Most lines have nothing to filter: they need no copy. */
function filteredFields(fields: Record<string, unknown>): Record<string, unknown> {
  for (const name in fields) {
    const value = fields[name];
    if ((typeof value === "object" && value !== null) || isSecretName(name))
      return filterParameters(fields) as Record<string, unknown>;
  }
  return fields;
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const serialized: SerializedError = pino.stdSerializers.err(error);
  return filterParameters({ ...serialized });
}

const NO_FIELDS = {};

/** The runtime's logger with what Fastify asks of one besides. */
export function fastifyLogger(logger: Logger): FastifyBaseLogger {
  return new ForwardingLogger(logger, NO_FIELDS) as unknown as FastifyBaseLogger;
}

/** Adds the fields of a request to what is logged while it is served. */
class ForwardingLogger {
  readonly level = "info";
  readonly #logger: Logger;
  readonly #fields: object;

  constructor(logger: Logger, fields: object) {
    this.#logger = logger;
    this.#fields = fields;
  }

  child(fields: object): ForwardingLogger {
    // Fastify makes one for each request, of fields that are nobody else's.
    const all = this.#fields === NO_FIELDS ? fields : { ...this.#fields, ...fields };
    return new ForwardingLogger(this.#logger, all);
  }

  silent(): void {}

  trace(): void {}

  debug(fields: unknown, message?: string): void {
    this.#forward("debug", fields, message);
  }

  info(fields: unknown, message?: string): void {
    this.#forward("info", fields, message);
  }

  warn(fields: unknown, message?: string): void {
    this.#forward("warn", fields, message);
  }

  error(fields: unknown, message?: string): void {
    this.#forward("error", fields, message);
  }

  fatal(fields: unknown, message?: string): void {
    this.#forward("error", fields, message);
  }

  /** pino takes a text alone, an error alone, and fields with a text. */
  #forward(level: LogLevel, fields: unknown, message?: string): void {
    if (typeof fields === "string") return this.#logger[level](this.#fields, fields);
    const own = fields instanceof Error ? { err: fields } : (fields as object);
    this.#logger[level](
      { ...this.#fields, ...own },
      message ?? (fields instanceof Error ? fields.message : ""),
    );
  }
}
