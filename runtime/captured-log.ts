import { inspect } from "node:util";
import type { Logger, LogLevel } from "./logger.ts";

/** The least important first. */
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One line of a log. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * A logger that keeps its lines, for tests that look at them: hand it to a runtime.
 * @example
 * ```ts doctest
 * const log = new CapturedLog();
 * log.warn({ left: 2 }, "running out of paper");
 * log.lines.map(({ message }) => message); // => ["running out of paper"]
 * const before = await log.during(() => log.error({}, "out of paper"));
 * before.map(({ level }) => level); // => ["error"]
 * ```
 */
export class CapturedLog implements Logger {
  /** The oldest first. */
  readonly lines: LogLine[] = [];
  readonly #lowest: LogLevel;
  readonly #waiting: (() => void)[] = [];

  /** Lines below `lowest` are dropped. */
  constructor(lowest: LogLevel = "info") {
    this.#lowest = lowest;
  }

  isLevelEnabled(level: LogLevel): boolean {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.#lowest);
  }

  debug(fields: object, message: string): void {
    this.#keep("debug", fields, message);
  }

  info(fields: object, message: string): void {
    this.#keep("info", fields, message);
  }

  warn(fields: object, message: string): void {
    this.#keep("warn", fields, message);
  }

  error(fields: object, message: string): void {
    this.#keep("error", fields, message);
  }

  /** The first line that `isWanted`, now or as soon as it comes. */
  async line(isWanted: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const found = this.lines.find(isWanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** What is logged while `run` does, promises included. `ExUnit.CaptureLog.capture_log/2`. */
  async during(run: () => unknown): Promise<LogLine[]> {
    const before = this.lines.length;
    await run();
    return this.lines.slice(before);
  }

  /** The lines as text, for a pattern or a person. */
  get text(): string {
    return this.lines
      .map(({ level, message, fields }) => {
        const shown =
          Object.keys(fields).length === 0 ? "" : ` ${inspect(fields, { breakLength: Infinity })}`;
        return `[${level}] ${message}${shown}\n`;
      })
      .join("");
  }

  #keep(level: LogLevel, fields: object, message: string): void {
    if (!this.isLevelEnabled(level)) return;
    this.lines.push({ level, message, fields: fields as Record<string, unknown> });
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
