import type { Logger, LogLevel } from "../runtime/index.ts";
import { isLogged } from "../runtime/internal.ts";

/** Keeps warnings and errors back until it is known whether anybody needs them; then passes on what comes. */
export class HeldLogger implements Logger {
  readonly #logger: Logger;
  #held: (readonly ["warn" | "error", object, string])[] | undefined = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  isLevelEnabled(level: LogLevel): boolean {
    return isLogged(this.#logger, level);
  }

  debug(fields: object, message: string): void {
    this.#logger.debug(fields, message);
  }

  info(fields: object, message: string): void {
    this.#logger.info(fields, message);
  }

  warn(fields: object, message: string): void {
    if (this.#held === undefined) this.#logger.warn(fields, message);
    else this.#held.push(["warn", fields, message]);
  }

  error(fields: object, message: string): void {
    if (this.#held === undefined) this.#logger.error(fields, message);
    else this.#held.push(["error", fields, message]);
  }

  /** Writes what was kept back, in order, and keeps nothing back any more. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const [level, fields, message] of held) this.#logger[level](fields, message);
  }
}
