import type { CallResult, CastResult, From, InitResult, Ref } from "../../runtime/index.ts";
import { GenServer, noReply, ok, reply, stop } from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import { repoError } from "./errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { KyselyConnection, type QueryOrigin } from "./kysely-connection.ts";
import { type Migration, migrate } from "./migrator.ts";
import { openForWriting, type SqliteConnection } from "./sqlite.ts";
import type { Outcome, TransactionRequest } from "./transaction-request.ts";

/** So long may a transaction wait for something else than the database while others wait for their commit. */
const GRACE_MS = 5;
/** After so long nobody joins a group any more: its transactions run in one go, and nothing else on the thread does. */
const GROUP_MS = 8;
/** Another program holds the lock of the file: asked for again after so long. */
const BUSY_RETRY_MS = 5;

export interface WriterOptions {
  readonly origin: QueryOrigin;
  readonly path: string;
  readonly migrations: readonly Migration[];
  /** So many transactions may be waiting. */
  readonly queueLengthMax: number;
}

/** For observers. */
export interface WriterState {
  readonly path: string;
  commits: number;
  transactions: number;
  setAside: number;
}

interface Job {
  readonly request: TransactionRequest;
  readonly from: From;
}

const ANSWERED = "answered";

/** What has finished may be committed; what has not is late. */
const TURN = "turn";
const RETRY = "retry";

/** The time of a run is up. */
class Overdue {
  readonly run: number;

  constructor(run: number) {
    this.run = run;
  }
}

/** An error of the writer itself outside of its turn: thrown in it, it ends the process as any other does. */
class Failed {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

type Info = typeof TURN | typeof RETRY | Overdue | Failed;

/**
 * The process that writes: it owns the one connection that can, and runs all callers' transactions one by one.
 *
 * A function that only queries runs to its end in one chain of promise continuations, the next one right behind it. So
 * the message TURN, sent from such a chain, is handled when the whole chain has ended, and after all calls that had
 * arrived by then: what has finished is committed, and answered. A transaction that is still running at its TURN waits
 * for something else; it is given GRACE_MS if others wait for the commit, and then set aside; otherwise all the time
 * that it has left.
 *
 * A run that is no longer the current one can do nothing: its connection refuses every query, its outcome is ignored.
 */
export class Writer extends GenServer<WriterState, TransactionRequest, never, Info> {
  #options!: WriterOptions;
  #connection!: SqliteConnection;
  #group!: GroupCommit<Job>;
  /** The number of the run that may use the connection; 0 while there is none. */
  #currentRun = 0;
  #lastRun = 0;
  #groupBeganMs = 0;
  /** Ends the current run, if it was there at its turn. */
  #timer: Ref | undefined = undefined;
  #turnIsDue = false;
  /** A turn has come in the middle of a run; the next one closes the group. */
  #turnWasEarly = false;
  #retryIsDue = false;

  async init(options: WriterOptions): Promise<InitResult<WriterState>> {
    const { path, migrations, origin } = options;
    try {
      const connection = openForWriting(path);
      // Whatever ends this process rolls back what was not committed, before anybody hears that it is dead.
      onProcessExit(this.self.pid, () => connection.close());
      this.#options = options;
      this.#connection = connection;
      this.#group = new GroupCommit(connection);
      await migrate(connection, migrations, origin, () => this.self.runtime.clock.systemTimeMs());
    } catch (error) {
      return stop(error);
    }
    return ok({ path, commits: 0, transactions: 0, setAside: 0 });
  }

  override handleCall(request: TransactionRequest, from: From): CallResult {
    const { queueLengthMax } = this.#options;
    if (this.#group.length >= queueLengthMax) {
      request.settle({ keep: false, error: repoError("ROOKERY_REPO_QUEUE_FULL", [queueLengthMax]) });
      return reply(ANSWERED);
    }
    this.#group.add({ request, from });
    this.#runNext();
    return noReply();
  }

  override handleInfo(message: Info): CastResult {
    if (message === TURN) {
      this.#turnIsDue = false;
      if (this.#group.running === undefined) this.#commit();
      else if (this.#turnWasEarly) this.#watch(this.#group.running);
      else this.#putOffTurn();
    } else if (message === RETRY) {
      this.#retryIsDue = false;
      this.#answer(this.#group.takeWaiting((job) => this.#isOverdue(job)).map(timedOut));
      this.#runNext();
    } else if (message instanceof Overdue) {
      if (message.run === this.#currentRun) this.#giveUp();
    } else if (message instanceof Failed) {
      throw message.error;
    }
    return noReply();
  }

  /** Runs the next transaction, if none is running; when there is none left, asks for the turn in which to commit. */
  #runNext(): void {
    if (this.#retryIsDue) return;
    try {
      for (let job = this.#group.next(); job !== undefined; job = this.#group.next()) {
        if (!this.#isOverdue(job)) return this.#run(job);
        timedOut(job);
        this.#group.finish(false);
      }
    } catch (error) {
      if (!isBusy(error)) throw error;
      this.#retryIsDue = true;
      this.self.sendAfter(BUSY_RETRY_MS, this.self.pid, RETRY);
      return;
    }
    if (this.#group.running === undefined && this.#group.finished > 0) this.#askForTurn();
  }

  #run(job: Job): void {
    if (this.#group.finished === 0) this.#groupBeganMs = this.#nowMs();
    this.#lastRun += 1;
    const run = this.#lastRun;
    this.#currentRun = run;
    const connection = new KyselyConnection(this.#options.origin, (sql) => this.#connectionOf(run, sql));
    void job.request.attempt(connection).then((outcome) => this.#finished(run, job, outcome));
    // Not at once: its turn comes after what it does without waiting.
    queueMicrotask(() => this.#askForTurn());
  }

  #connectionOf(run: number, sql: string): SqliteConnection {
    if (run !== this.#currentRun || !this.#connection.isOpen)
      throw repoError("ROOKERY_REPO_TRANSACTION_OVER", [sql]);
    // Without this, the rest of a transaction that SQLite has rolled back would be committed query by query.
    if (!this.#connection.inTransaction) throw repoError("ROOKERY_REPO_TRANSACTION_LOST");
    return this.#connection;
  }

  #finished(run: number, job: Job, outcome: Outcome): void {
    if (run !== this.#currentRun || !this.#connection.isOpen) return;
    try {
      this.#endRun();
      const isLost = this.#group.finish(outcome.keep) === "lost" && outcome.keep;
      job.request.settle(
        isLost ? { keep: false, error: repoError("ROOKERY_REPO_TRANSACTION_LOST") } : outcome,
      );
      if (this.#nowMs() - this.#groupBeganMs >= GROUP_MS) this.#group.close();
      this.#runNext();
    } catch (error) {
      this.self.send(this.self.pid, new Failed(error));
    }
  }

  #endRun(): void {
    this.#currentRun = 0;
    if (this.#timer !== undefined) this.self.cancelTimer(this.#timer);
    this.#timer = undefined;
  }

  /**
   * A call that was handled just before this turn may have begun the run: what it does without waiting comes before the
   * turn, too. But only once: with a call before every turn there would never be a commit.
   */
  #putOffTurn(): void {
    this.#turnWasEarly = true;
    queueMicrotask(() => this.#askForTurn());
  }

  #watch({ request }: Job): void {
    const othersWait = this.#group.finished > 0;
    if (othersWait) this.#group.close();
    const afterMs = othersWait ? GRACE_MS : Math.max(0, request.deadlineMs - this.#nowMs());
    this.#timer = this.self.sendAfter(afterMs, this.self.pid, new Overdue(this.#currentRun));
  }

  #giveUp(): void {
    this.#endRun();
    if (this.#group.finished > 0) {
      this.#group.setAside();
      this.state.setAside += 1;
    } else {
      timedOut(this.#group.running as Job);
      this.#group.finish(false);
    }
    this.#commit();
  }

  #commit(): void {
    this.#turnWasEarly = false;
    if (this.#group.finished > 0) {
      const { answerable, error } = this.#group.commit();
      if (error !== undefined) {
        const text = error instanceof Error ? error.message : error;
        const failed = repoError("ROOKERY_REPO_COMMIT_FAILED", [text], error);
        for (const { request } of answerable) request.settle({ keep: false, error: failed });
      }
      this.state.commits += 1;
      this.#answer(answerable);
    }
    this.#runNext();
  }

  #answer(jobs: readonly Job[]): void {
    this.state.transactions += jobs.length;
    for (const { from } of jobs) this.self.reply(from, ANSWERED);
  }

  #askForTurn(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    this.self.send(this.self.pid, TURN);
  }

  #isOverdue({ request }: Job): boolean {
    return this.#nowMs() >= request.deadlineMs;
  }

  #nowMs(): number {
    return this.self.runtime.clock.nowMs();
  }
}

function timedOut(job: Job): Job {
  const error = repoError("ROOKERY_REPO_TRANSACTION_TIMEOUT", [job.request.timeoutMs]);
  job.request.settle({ keep: false, error });
  return job;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}
