import { GenServer, type InitResult, ok, stop } from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import { openForReading, openWhenFree, type SqliteConnection } from "./sqlite.ts";

export interface ReaderOptions {
  readonly path: string;
  /** Told of the connection as soon as it is open, and of undefined once it is closed. */
  readonly attach: (connection: SqliteConnection | undefined) => void;
}

/**
 * The process that owns the connection for reading. It only opens and closes: queries run in whoever asks, for a
 * message there and back would cost more than most of them.
 */
export class Reader extends GenServer<{ readonly path: string }> {
  async init({ path, attach }: ReaderOptions): Promise<InitResult<{ readonly path: string }>> {
    try {
      await openWhenFree(this.self, () => {
        const connection = openForReading(path);
        onProcessExit(this.self.pid, () => {
          attach(undefined);
          connection.close();
        });
        attach(connection);
      });
    } catch (error) {
      return stop(error);
    }
    return ok({ path });
  }
}
