import type { FastifyBaseLogger } from "fastify";
import { type DestinationStream, type Logger as PinoLogger, pino, type SerializedError } from "pino";
import type { Logger, LogLevel } from "../runtime/index.ts";
import { filterParameters } from "../channels/internal.ts";

export interface LoggerOptions {
  /** The lowest level that is written: `"debug"`, `"info"`, `"warn"`, `"error"` or `"silent"`. Default: `"info"`. */
  readonly level?: string;
  /** Where lines go. Default: stdout. */
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
      log: (fields: Record<string, unknown>) => filterParameters(fields) as Record<string, unknown>,
    },
    // Serializers run after the filter and take an error apart, so what they make is filtered, too.
    serializers: { err: serializeError, reason: serializeError },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const serialized: SerializedError = pino.stdSerializers.err(error);
  return filterParameters({ ...serialized });
}

/** The runtime's logger with what Fastify asks of one besides. */
export function fastifyLogger(logger: Logger): FastifyBaseLogger {
  return new ForwardingLogger(logger, {}) as unknown as FastifyBaseLogger;
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
    return new ForwardingLogger(this.#logger, { ...this.#fields, ...fields });
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
