import { pino } from "pino";

/** Lines of pino at these levels are the last ones that a program may come to write. */
const ERROR = '{"level":"error"';
const FATAL = '{"level":"fatal"';
/** So much waits for the end of a turn at most. */
const PENDING_LENGTH_MAX = 65_536;

/** Where lines end up: the `write` of a synchronous stream. */
export interface LineSink {
  write(lines: string): unknown;
}

/**
 * The lines that a turn of the event loop has to say, written at its end at once: a write for each would cost as much as what it
 * tells of. Errors are written when they come, with all before them. What still waits when the process exits, also by an uncaught
 * error, is written then; only a process that is killed in the middle of a turn takes the lines of that turn along.
 */
export class LogLines {
  readonly #sink: LineSink;
  #pending = "";
  #isDue = false;

  constructor(sink: LineSink) {
    this.#sink = sink;
    process.on("exit", this.#flush);
  }

  write(line: string): void {
    this.#pending += line;
    if (line.startsWith(ERROR) || line.startsWith(FATAL) || this.#pending.length > PENDING_LENGTH_MAX)
      return this.#flush();
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#turnEnds);
  }

  /** pino's word for writing what waits. */
  flush(done?: () => void): void {
    this.#flush();
    done?.();
  }

  #turnEnds = (): void => {
    this.#isDue = false;
    this.#flush();
  };

  #flush = (): void => {
    if (this.#pending === "") return;
    const lines = this.#pending;
    this.#pending = "";
    this.#sink.write(lines);
  };
}

let ofStdout: LogLines | undefined;

/** Those of all loggers that write to stdout. */
export function stdoutLines(): LogLines {
  return (ofStdout ??= new LogLines(pino.destination({ dest: 1, sync: true })));
}
