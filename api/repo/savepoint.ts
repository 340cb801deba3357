import { CompiledQuery, type QueryExecutorProvider } from "kysely";

/** Sends a statement of our own, such as SAVEPOINT, to where a transaction's queries go. */
export type Control = (sql: string) => Promise<unknown>;

/** Sends it as any other query. */
export function controlBy(db: QueryExecutorProvider): Control {
  return (sql) => db.getExecutor().executeQuery(CompiledQuery.raw(sql));
}

/**
 * The savepoints of a transaction: parts of it that can be undone alone. They are opened and ended one after the other,
 * for they lie inside each other: two that ran at the same time would undo each other's work.
 */
export class Savepoints {
  readonly #control: Control;
  readonly #depth: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(control: Control, depth: number = 0) {
    this.#control = control;
    this.#depth = depth;
  }

  /** Those inside of one that is open. */
  get within(): Savepoints {
    return new Savepoints(this.#control, this.#depth + 1);
  }

  /**
   * Runs `work` between a savepoint and its release. What it did is undone if it throws, and rejects with that, or
   * returns an object with `ok: false`, and resolves to that.
   */
  run<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    const run = this.#last.then(() => this.#run(work));
    this.#last = run.catch(() => {});
    return run;
  }

  async #run<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    const name = `nested_${this.#depth}`;
    await this.#control(`SAVEPOINT ${name}`);
    try {
      const value = await work();
      if (isFailure(value)) await this.#undo(name);
      else await this.#control(`RELEASE SAVEPOINT ${name}`);
      return value;
    } catch (error) {
      // If the whole transaction is gone, there is nothing to undo: what ended it is to be heard, not this.
      await this.#undo(name).catch(() => {});
      throw error;
    }
  }

  async #undo(name: string): Promise<void> {
    await this.#control(`ROLLBACK TO SAVEPOINT ${name}`);
    await this.#control(`RELEASE SAVEPOINT ${name}`);
  }
}

/** Whether what a transaction's function has returned says that nothing of it is to stay. */
export function isFailure(value: unknown): boolean {
  return typeof value === "object" && value !== null && "ok" in value && value.ok === false;
}
