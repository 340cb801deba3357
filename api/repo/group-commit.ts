import type { SqliteConnection } from "./sqlite.ts";

/** So many transactions share a commit at most; the others wait for the next one. */
const GROUP_LENGTH_MAX = 256;

export type Finish = "kept" | "undone" | "lost";

/** What a commit has come to: who may be answered now, and the error that they all share, if there is one. */
export interface Committed<Job> {
  readonly answerable: readonly Job[];
  readonly error?: unknown;
}

/**
 * Runs transactions one after the other on one connection, each in a savepoint, and commits many of them at once. It
 * only knows order, savepoints and commits: what a job does in its turn, time and answers are its owner's business.
 * Nothing here waits.
 *
 * ```text
 *                 next()            finish(kept or undone)          commit()
 *   #waiting ---------------> #running ------------------> #finished ------------> answerable
 *       ^      SAVEPOINT         |    RELEASE / ROLLBACK TO    |   COMMIT, durable
 *       |                        |                             |
 *       |             setAside() | ROLLBACK TO                 | SQLite undid all of it (finish is "lost")
 *       +---- #alone <-----------+                             +----> back to #waiting, or, if COMMIT failed, to #alone
 * ```
 *
 * Invariant: a job is in exactly one of the four places, and it leaves #finished as answerable only after the COMMIT
 * that holds its work has returned. One that was undone waits for it, too: it may have failed by another's work.
 */
export class GroupCommit<Job> {
  readonly #connection: SqliteConnection;
  #waiting: Job[] = [];
  /** Jobs that get a commit of their own. */
  #alone: Job[] = [];
  #running: Job | undefined = undefined;
  #finished: Job[] = [];
  /** Nobody joins the group any more. */
  #isClosed = false;
  /** The group that is open consists of one job of #alone. */
  #isAlone = false;
  /** A job of the open group was set aside: who has been waiting behind it goes first. */
  #anySetAside = false;
  /** The last commit was of a group in which nobody was alone or set aside: so neither kind starves. */
  #aloneIsNext = false;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Jobs that no commit has answered yet. */
  get length(): number {
    return this.waiting + this.#finished.length + (this.#running === undefined ? 0 : 1);
  }

  /** Jobs that wait to be run, for the first time or again. */
  get waiting(): number {
    return this.#waiting.length + this.#alone.length;
  }

  get running(): Job | undefined {
    return this.#running;
  }

  /** Jobs that have come to their end and wait for the commit. */
  get finished(): number {
    return this.#finished.length;
  }

  add(job: Job): void {
    this.#waiting.push(job);
  }

  /**
   * Opens the savepoint of the next job and returns it: it runs until `finish` or `setAside`. Undefined while one is
   * running, when the group is closed, and when there is none. Throws, with the job still waiting, if another program
   * holds the file's lock.
   */
  next(): Job | undefined {
    if (this.#running !== undefined || this.#isClosed) return undefined;
    const alone =
      this.#finished.length === 0 &&
      this.#alone.length > 0 &&
      (this.#aloneIsNext || this.#waiting.length === 0);
    const queue = alone ? this.#alone : this.#waiting;
    if (queue.length === 0) return undefined;
    if (!this.#connection.inTransaction) this.#connection.begin();
    this.#connection.mark("SAVEPOINT job");
    this.#isAlone = alone;
    this.#isClosed = alone || this.#finished.length + 1 >= GROUP_LENGTH_MAX;
    this.#running = queue.shift();
    return this.#running;
  }

  /**
   * Ends the running job's turn. "lost" means that SQLite has rolled back the whole group by itself: the jobs that had
   * finished wait again and the running one waits for `commit` as if it had been undone.
   */
  finish(keep: boolean): Finish {
    const job = this.#running as Job;
    this.#running = undefined;
    if (!this.#connection.inTransaction) {
      this.#waiting = [...this.#finished, ...this.#waiting];
      this.#finished = [job];
      return "lost";
    }
    this.#finished.push(job);
    if (!keep) this.#connection.mark("ROLLBACK TO job");
    this.#connection.mark("RELEASE job");
    return keep ? "kept" : "undone";
  }

  /** Lets nobody join the group any more: `next` answers undefined until it is committed. */
  close(): void {
    this.#isClosed = true;
  }

  /** Undoes the running job and lets it run again later, with a commit of its own. */
  setAside(): void {
    const job = this.#running as Job;
    this.finish(false);
    this.#finished.splice(this.#finished.indexOf(job), 1);
    this.#alone.push(job);
    this.#anySetAside = true;
  }

  /**
   * Commits what has finished. If COMMIT fails and there are several, one of them may have spoiled it for the others (a
   * deferred foreign key): nobody is answered and each runs again alone. If SQLite can't even roll back, it throws.
   */
  commit(): Committed<Job> {
    const group = this.#finished;
    this.#finished = [];
    this.#aloneIsNext = !this.#isAlone && !this.#anySetAside;
    this.#isAlone = false;
    this.#isClosed = false;
    this.#anySetAside = false;
    if (!this.#connection.inTransaction) return { answerable: group };
    try {
      this.#connection.exec("COMMIT");
      return { answerable: group };
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
      if (group.length <= 1) return { answerable: group, error };
      this.#alone.push(...group);
      return { answerable: [] };
    }
  }

  /** Takes out those of the jobs that wait to be run, for the first time or again, for which it is over. */
  takeWaiting(isOver: (job: Job) => boolean): Job[] {
    const waiting = [...this.#waiting, ...this.#alone];
    const over = new Set(waiting.filter(isOver));
    this.#waiting = this.#waiting.filter((job) => !over.has(job));
    this.#alone = this.#alone.filter((job) => !over.has(job));
    return [...over];
  }
}
