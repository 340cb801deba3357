import assert from "node:assert/strict";
import { CompiledQuery } from "kysely";
import fc from "fast-check";
import { describe, test } from "vitest";
import { GroupCommit } from "../../../api/repo/group-commit.ts";
import { openForReading, openForWriting, type SqliteConnection } from "../../../api/repo/sqlite.ts";
import { TemporaryFolder } from "./temporary-repo.ts";

/** A group commit over a file, in which a job is a name, and what it does is to insert it. */
class Bench {
  readonly #folder = new TemporaryFolder();
  readonly path: string = this.#folder.file("test.db");
  readonly writing: SqliteConnection;
  readonly #reading: SqliteConnection;
  readonly group: GroupCommit<string>;

  constructor() {
    this.writing = openForWriting(this.path);
    this.run("CREATE TABLE names (name TEXT PRIMARY KEY)");
    this.run("CREATE TABLE owners (name TEXT REFERENCES names (name) DEFERRABLE INITIALLY DEFERRED)");
    this.#reading = openForReading(this.path);
    this.group = new GroupCommit(this.writing);
  }

  run(sql: string): void {
    this.writing.query(CompiledQuery.raw(sql));
  }

  add(...jobs: string[]): void {
    for (const job of jobs) this.group.add(job);
  }

  /** Runs the next job to its end. */
  step(keep = true): string | undefined {
    const job = this.group.next();
    if (job === undefined) return undefined;
    this.run(`INSERT INTO names VALUES ('${job}')`);
    this.group.finish(keep);
    return job;
  }

  committed(): unknown[] {
    const { rows } = this.#reading.query(CompiledQuery.raw("SELECT name FROM names ORDER BY rowid"));
    return rows.map((row) => (row as { name: string }).name);
  }

  [Symbol.dispose](): void {
    this.writing.close();
    this.#reading.close();
    this.#folder[Symbol.dispose]();
  }
}

describe("GroupCommit", () => {
  test("runs the jobs in their order, one at a time, and commits them together", () => {
    using bench = new Bench();
    bench.add("a", "b");
    assert.equal(bench.group.next(), "a");
    assert.equal(bench.group.next(), undefined);
    bench.group.finish(true);
    assert.equal(bench.step(), "b");
    assert.equal(bench.step(), undefined);
    assert.deepEqual(bench.committed(), []);
    assert.deepEqual(bench.group.commit(), { answerable: ["a", "b"] });
    // Of "a" nothing was inserted.
    assert.deepEqual(bench.committed(), ["b"]);
    assert.equal(bench.group.length, 0);
  });

  test("undoes a job that fails, alone, and lets it be answered with the others", () => {
    using bench = new Bench();
    bench.add("a", "b", "c");
    bench.step();
    bench.step(false);
    bench.step();
    assert.deepEqual(bench.group.commit(), { answerable: ["a", "b", "c"] });
    assert.deepEqual(bench.committed(), ["a", "c"]);
  });

  test("sets a job aside: the others are committed, those behind it go first, then it has a commit of its own", () => {
    using bench = new Bench();
    bench.add("a", "slow", "c", "d");
    bench.step();
    assert.equal(bench.group.next(), "slow");
    bench.run("INSERT INTO names VALUES ('slow')");
    bench.group.setAside();
    assert.deepEqual(bench.group.commit(), { answerable: ["a"] });
    bench.step();
    bench.step();
    assert.equal(bench.group.next(), undefined);
    assert.deepEqual(bench.group.commit(), { answerable: ["c", "d"] });
    bench.add("e");
    assert.equal(bench.step(), "slow");
    assert.equal(bench.group.next(), undefined);
    assert.deepEqual(bench.group.commit(), { answerable: ["slow"] });
    assert.equal(bench.step(), "e");
    bench.group.commit();
    assert.deepEqual(bench.committed(), ["a", "c", "d", "slow", "e"]);
  });

  test("runs a job that was set aside at once if nobody waits", () => {
    using bench = new Bench();
    bench.add("a", "slow");
    bench.step();
    bench.group.next();
    bench.group.setAside();
    bench.group.commit();
    assert.equal(bench.step(), "slow");
    assert.deepEqual(bench.group.commit(), { answerable: ["slow"] });
  });

  test("starves nobody: jobs that were set aside and groups of others take turns", () => {
    using bench = new Bench();
    bench.add("a", "slow1", "b", "slow2", "c");
    const order: string[][] = [];
    let fresh = 0;
    while (order.length < 7) {
      for (let job = bench.group.next(); job !== undefined; job = bench.group.next()) {
        if (job.startsWith("slow") && bench.group.finished > 0) {
          bench.group.setAside();
          break;
        }
        bench.group.finish(true);
        if (fresh < 20) bench.add(`new${(fresh += 1)}`);
        if (bench.group.finished > 2) break;
      }
      order.push([...bench.group.commit().answerable]);
    }
    const alone = order.flatMap((group, index) =>
      group.some((job) => job.startsWith("slow")) ? [index] : [],
    );
    assert.equal(alone.length, 2);
    assert.ok((alone[1] as number) - (alone[0] as number) === 2, JSON.stringify(order));
  });

  test("commits when so many have finished, whoever waits", () => {
    using bench = new Bench();
    for (let job = 0; job < 300; job += 1) bench.add(`job${job}`);
    let ran = 0;
    while (bench.step() !== undefined) ran += 1;
    assert.equal(ran, 256);
    assert.equal(bench.group.commit().answerable.length, 256);
    assert.equal(bench.step(), "job256");
  });

  test("lets nobody join a group that is closed", () => {
    using bench = new Bench();
    bench.add("a", "b");
    bench.step();
    bench.group.close();
    assert.equal(bench.step(), undefined);
    assert.deepEqual(bench.group.commit(), { answerable: ["a"] });
    assert.equal(bench.step(), "b");
  });

  test("runs each job again alone if the commit fails: only the one that spoils it fails", () => {
    using bench = new Bench();
    bench.add("good", "bad", "better");
    const run = (job: string): void => {
      assert.equal(bench.group.next(), job);
      bench.run(
        job === "bad" ? "INSERT INTO owners VALUES ('nobody')" : `INSERT INTO names VALUES ('${job}')`,
      );
      bench.group.finish(true);
    };
    for (const job of ["good", "bad", "better"]) run(job);
    assert.deepEqual(bench.group.commit(), { answerable: [] });
    assert.deepEqual(bench.committed(), []);
    const results = ["good", "bad", "better"].map((job) => {
      run(job);
      return bench.group.commit();
    });
    assert.deepEqual(
      results.map(({ answerable }) => answerable),
      [["good"], ["bad"], ["better"]],
    );
    assert.deepEqual(
      results.map(({ error }) => (error as Error | undefined)?.message),
      [undefined, "FOREIGN KEY constraint failed", undefined],
    );
    assert.deepEqual(bench.committed(), ["good", "better"]);
  });

  test("runs those that had finished again if SQLite rolls all of it back by itself", () => {
    using bench = new Bench();
    bench.add("a", "b", "a");
    bench.step();
    bench.step();
    bench.group.next();
    assert.throws(() => bench.run("INSERT OR ROLLBACK INTO names VALUES ('a')"), {
      code: "SQLITE_CONSTRAINT_PRIMARYKEY",
    });
    assert.equal(bench.group.finish(false), "lost");
    assert.equal(bench.step(), "a");
    assert.equal(bench.step(), "b");
    assert.deepEqual(bench.group.commit(), { answerable: ["a", "a", "b"] });
    assert.deepEqual(bench.committed(), ["a", "b"]);
  });

  test("leaves the job waiting if another program holds the lock", () => {
    using bench = new Bench();
    const other = openForWriting(bench.path);
    other.exec("BEGIN IMMEDIATE");
    bench.add("a");
    assert.throws(() => bench.step(), { code: "SQLITE_BUSY" });
    assert.equal(bench.group.length, 1);
    other.exec("ROLLBACK");
    other.close();
    assert.equal(bench.step(), "a");
  });

  test("gives up those who wait, when it is told to", () => {
    using bench = new Bench();
    bench.add("first", "slow", "a", "b", "c");
    bench.step();
    bench.group.next();
    bench.group.setAside();
    bench.group.commit();
    const over = bench.group.takeWaiting((job) => job !== "b");
    assert.deepEqual(over, ["a", "c", "slow"]);
    assert.equal(bench.step(), "b");
    assert.equal(bench.step(), undefined);
    bench.group.commit();
    assert.equal(bench.group.length, 0);
  });

  test(
    "answers each job once, after the commit that holds it, and keeps exactly what is to be kept",
    { timeout: 240_000 },
    () => {
      const end = fc.constantFrom("keep", "undo", "set aside", "roll back");
      fc.assert(
        fc.property(fc.array(fc.tuple(end, fc.boolean()), { minLength: 1, maxLength: 30 }), (script) => {
          using bench = new Bench();
          const kept = new Set<string>();
          const answered: string[] = [];
          const commit = (): void => {
            const { answerable, error } = bench.group.commit();
            assert.equal(error, undefined);
            answered.push(...answerable);
            const there = new Set(bench.committed());
            for (const job of answerable) assert.equal(there.has(job), kept.has(job), job);
          };
          const ends = new Map(script.map(([how], index) => [`job${index}`, how]));
          bench.add(...ends.keys());
          while (bench.group.length > 0) {
            const job = bench.group.next();
            if (job === undefined) {
              commit();
              continue;
            }
            bench.run(`INSERT INTO names VALUES ('${job}')`);
            const how = ends.get(job);
            ends.set(job, "keep");
            if (how === "set aside") bench.group.setAside();
            else if (how === "roll back") {
              assert.throws(() => bench.run(`INSERT OR ROLLBACK INTO names VALUES ('${job}')`));
              assert.equal(bench.group.finish(false), "lost");
            } else {
              assert.notEqual(bench.group.finish(how === "keep"), "lost");
              if (how === "keep") kept.add(job);
            }
            if (script[answered.length]?.[1] === true) commit();
          }
          assert.deepEqual(answered.toSorted(), [...ends.keys()].toSorted());
          assert.deepEqual(bench.committed().toSorted(), [...kept].toSorted());
        }),
        { numRuns: 60 },
      );
    },
  );
});
