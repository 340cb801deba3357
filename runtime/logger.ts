import { inspect } from "node:util";

/** How much a line of the log matters, least first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where reports go. The shape is pino's: a pino logger is a `Logger`. */
export interface Logger {
  /** Whether anything comes of what is logged at that level: other shards ask once, and send no more than that. Default: always. */
  isLevelEnabled?(level: LogLevel): boolean;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

function writer(level: string): (fields: object, message: string) => void {
  return (fields, message) => {
    process.stderr.write(`[${level}] ${message}\n${inspect(fields, { depth: 4 })}\n`);
  };
}

/** What becomes of a level that nobody wants: known by itself, also in a logger that was made from one of those below. */
const drop = (): void => {};

/** Writes warnings and errors to stderr, for people. Used when the runtime is given no logger. */
export const stderrLogger: Logger = {
  debug: drop,
  info: drop,
  warn: writer("warn"),
  error: writer("error"),
};

/** Says nothing: for programs and tests that end processes on purpose. */
export const silentLogger: Logger = { debug: drop, info: drop, warn: drop, error: drop };

/** Whether anything comes of what is logged at that level. */
export function isLogged(logger: Logger, level: LogLevel): boolean {
  return logger[level] !== drop && (logger.isLevelEnabled?.(level) ?? true);
}
