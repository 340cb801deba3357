import type { CallResult, CastResult, From, InitResult, Ref } from "../../runtime/index.ts";
import { GenServer, noReply, ok, reply, stop } from "../../runtime/index.ts";
import { isOrderly, onProcessExit } from "../../runtime/internal.ts";
import { repoError, UnavailableError } from "./errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { KyselyConnection, type QueryOrigin } from "./kysely-connection.ts";
import { type Migration, migrate } from "./migrator.ts";
import { faultOf } from "./sqlite-fault.ts";
import {
  BUSY_RETRY_MS,
  isBusy,
  migrateWhenFree,
  openForWriting,
  openWhenFree,
  type SqliteConnection,
} from "./sqlite.ts";
import type { Outcome, TransactionRequest } from "./transaction-request.ts";
import { WriteLock } from "./write-lock.ts";

/** So long may a transaction wait for something else than the database while others wait for their commit. */
const GRACE_MS = 5;
/** After so long nobody joins a group any more: its transactions run in one go, and nothing else on the thread does. */
const GROUP_MS = 8;
/** At most so long may a transaction wait for something else while the writer of another shard waits to write. */
const PATIENCE_MS_MAX = 1_000;
/** While another shard writes, those who wait are looked at so often: for some of them it may be over. */
const LOOK_MS = 100;

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
  /** So long may it wait for something else while other shards want to write. */
  patienceMs: number;
}

const ANSWERED = "answered";

/** What has finished may be committed; what has not is late. */
const TURN = "turn";
const RETRY = "retry";
/** It is this shard's turn to write. */
const GRANTED = "granted";
const LOOK = "look";

/** The time of a run is up. */
class Overdue {
  readonly run: number;

  constructor(run: number) {
    this.run = run;
  }
}

/** Sent by the writer to itself after an error of its own outside of its turn. */
const FAILED = "failed";

type Info = typeof TURN | typeof RETRY | typeof GRANTED | typeof LOOK | typeof FAILED | Overdue;

/**
 * The process that writes: it owns the one connection that can, and runs all callers' transactions one by one.
 *
 * A function that only queries runs to its end in one chain of promise continuations, the next one right behind it. So
 * the message TURN, sent from such a chain, is handled when the whole chain has ended, and after all calls that had
 * arrived by then: what has finished is committed, and answered. A transaction that is still running at its TURN waits
 * for something else; it is given GRACE_MS if others wait for the commit, and then set aside; otherwise all the time
 * that it has left.
 *
 * With several shards, each has such a process, and only the one that has the WriteLock has a transaction open. The lock is
 * asked for when there is something to run, and given back with each commit. While others wait for it, a transaction
 * that waits for something else is set aside though it is alone: it may take twice as long the next time, but not more
 * than PATIENCE_MS_MAX.
 *
 * A run that is no longer the current one can do nothing: its connection refuses every query, its outcome is ignored.
 */
export class Writer extends GenServer<WriterState, TransactionRequest, never, Info> {
  #options!: WriterOptions;
  #connection!: SqliteConnection;
  #lock!: WriteLock;
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
  #lookIsDue = false;
  /**
   * An error of the writer itself outside of its turn. It ends the process as soon as that has one: a commit before would
   * keep what could not be undone.
   */
  #failure: { readonly error: unknown } | undefined = undefined;

  async init(options: WriterOptions): Promise<InitResult<WriterState>> {
    const { path, migrations, origin } = options;
    const { pid, runtime } = this.self;
    // Whatever ends this process rolls back what was not committed, before the next one writes and before anybody hears that
    // it is dead. Two hooks: one that is terminated doesn't keep the other from running.
    onProcessExit(pid, (reason) => {
      this.#connection?.close();
      if (isOrderly(reason)) runtime.logger.info({ shard: runtime.place }, `${origin.repo} is closed`);
    });
    onProcessExit(pid, () => this.#lock?.release());
    this.#options = options;
    this.#lock = await WriteLock.of(this.self, path);
    await this.#lock.asked();
    try {
      await openWhenFree(this.self, () => {
        this.#connection = openForWriting(path);
      });
      this.#group = new GroupCommit(this.#connection);
      const systemTimeMs = (): number => runtime.clock.systemTimeMs();
      await migrate(this.#connection, migrations, origin, systemTimeMs, (begin) =>
        migrateWhenFree(this.self, begin),
      );
    } catch (error) {
      return stop(error);
    } finally {
      this.#lock.release();
    }
    return ok({ path, commits: 0, transactions: 0, setAside: 0 });
  }

  override handleCall(request: TransactionRequest, from: From): CallResult {
    if (this.#failure !== undefined) throw this.#failure.error;
    const { queueLengthMax } = this.#options;
    if (this.#group.length >= queueLengthMax) {
      request.settle({ keep: false, error: repoError("ROOKERY_REPO_QUEUE_FULL", [queueLengthMax]) });
      return reply(ANSWERED);
    }
    this.#group.add({ request, from, patienceMs: GRACE_MS });
    this.#runNext();
    return noReply();
  }

  override handleInfo(message: Info): CastResult {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (message === TURN) {
      this.#turnIsDue = false;
      if (this.#group.running === undefined) this.#commitFinished();
      else if (this.#turnWasEarly) this.#watch(this.#group.running);
      else this.#putOffTurn();
    } else if (message === RETRY) {
      this.#retryIsDue = false;
      this.#answerOverdue();
      this.#runNext();
    } else if (message === GRANTED) {
      this.#runNext();
    } else if (message === LOOK) {
      this.#lookIsDue = false;
      this.#look();
    } else if (message instanceof Overdue) {
      if (message.run === this.#currentRun) this.#giveUp();
    }
    return noReply();
  }

  /** Runs the next transaction, if none is running; when there is none left, asks for the turn in which to commit. */
  #runNext(): void {
    if (this.#retryIsDue || !this.#mayWrite()) return;
    try {
      for (let job = this.#group.next(); job !== undefined; job = this.#group.next()) {
        if (!this.#isOverdue(job)) return this.#run(job);
        timedOut(job);
        this.#group.finish(false);
      }
    } catch (error) {
      if (!isBusy(error)) return this.#refuse(error);
      this.#retryIsDue = true;
      this.self.sendAfter(BUSY_RETRY_MS, this.self.pid, RETRY);
      this.#lock.release();
      return;
    }
    if (!this.#connection.inTransaction) this.#lock.release();
    if (this.#group.running === undefined && this.#group.finished > 0) this.#askForTurn();
  }

  /** Who waits hears that nothing can be written. Whoever comes later finds out anew. */
  #refuse(error: unknown): void {
    const fault = error instanceof UnavailableError ? error : faultOf(error);
    if (fault === undefined || this.#connection.inTransaction) throw error;
    const waiting = this.#group.takeWaiting(() => true);
    for (const { request } of waiting) request.settle({ keep: false, error: fault });
    this.#lock.release();
    this.#answer(waiting);
    // Of a group that SQLite has rolled back, who was running is left.
    if (this.#group.finished > 0) this.#askForTurn();
  }

  /** False if it is another shard's turn to write, and there is anything to write: GRANTED comes then. */
  #mayWrite(): boolean {
    if (this.#lock.held || this.#group.waiting === 0) return true;
    if (this.#lock.ask(() => this.self.send(this.self.pid, GRANTED))) return true;
    this.#askForLook();
    return false;
  }

  #look(): void {
    if (this.#lock.held) return;
    this.#answerOverdue();
    if (this.#group.waiting > 0) this.#askForLook();
  }

  #askForLook(): void {
    if (this.#lookIsDue) return;
    this.#lookIsDue = true;
    this.self.sendAfter(LOOK_MS, this.self.pid, LOOK);
  }

  #run(job: Job): void {
    if (this.#group.finished === 0) this.#groupBeganMs = this.#nowMs();
    this.#lastRun += 1;
    const run = this.#lastRun;
    this.#currentRun = run;
    const connection = new KyselyConnection(this.#options.origin, (sql) => this.#connectionOf(run, sql));
    void job.request.attempt(connection).then((outcome) => this.#finished(run, job, outcome));
    // Not at once: its turn comes after what it does without waiting.
    if (!this.#turnIsDue) queueMicrotask(() => this.#askForTurn());
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
      this.#failure = { error };
      this.self.send(this.self.pid, FAILED);
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
    const leftMs = Math.max(0, request.deadlineMs - this.#nowMs());
    const afterMs = othersWait ? GRACE_MS : this.#lock.isShared ? Math.min(GRACE_MS, leftMs) : leftMs;
    this.#timer = this.self.sendAfter(afterMs, this.self.pid, new Overdue(this.#currentRun));
  }

  #giveUp(): void {
    const job = this.#group.running as Job;
    const isAlone = this.#group.finished === 0;
    if (isAlone && this.#lock.isShared && !this.#isOverdue(job)) {
      const ranMs = this.#nowMs() - this.#groupBeganMs;
      if (!this.#lock.isWanted || ranMs < job.patienceMs) return this.#watch(job);
      job.patienceMs = Math.min(PATIENCE_MS_MAX, 2 * ranMs);
      this.#setAside();
    } else if (isAlone) {
      this.#endRun();
      timedOut(job);
      this.#group.finish(false);
    } else {
      this.#setAside();
    }
    this.#commit();
  }

  #setAside(): void {
    this.#endRun();
    this.#group.setAside();
    this.state.setAside += 1;
  }

  #commitFinished(): void {
    if (this.#group.finished > 0) return this.#commit();
    this.#turnWasEarly = false;
    this.#runNext();
  }

  /** Ends the group, also one of which nothing is left: who was alone in it was set aside. */
  #commit(): void {
    this.#turnWasEarly = false;
    if (this.#group.finished > 0) this.state.commits += 1;
    const { answerable, error } = this.#group.commit();
    this.#lock.release();
    if (error !== undefined) {
      const text = error instanceof Error ? error.message : error;
      const failed = faultOf(error) ?? repoError("ROOKERY_REPO_COMMIT_FAILED", [text], error);
      for (const { request } of answerable) request.settle({ keep: false, error: failed });
    }
    this.#answer(answerable);
    this.#runNext();
  }

  #answer(jobs: readonly Job[]): void {
    this.state.transactions += jobs.length;
    for (const { from } of jobs) this.self.reply(from, ANSWERED);
  }

  #answerOverdue(): void {
    this.#answer(this.#group.takeWaiting((job) => this.#isOverdue(job)).map(timedOut));
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
