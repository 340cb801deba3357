import { GenServer, ok, type Ok } from "rookery";

/** Ends the thread on which it runs, as a fault that nobody can catch does. */
export class ShardKiller extends GenServer<undefined, never, "kill"> {
  static override readonly module: string = import.meta.url;

  init(): Ok<undefined> {
    return ok(undefined);
  }

  override handleCast(): never {
    process.exit(1);
  }
}
