import { type Clock, type Pid, Runtime } from "../../runtime/index.ts";
import { expectOptions } from "../../runtime/internal.ts";
import { CapturedLog, SeededRandom } from "../../runtime/testing.ts";
import { type ChildSpec, Supervisor } from "../../supervisors/index.ts";
import { testingError } from "./errors.ts";
import { Factory } from "./factory.ts";
import type { RepoOf, SandboxedRepo } from "./own-database.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";
import { startTree } from "./template-run.ts";

/** Ends something when a test is over: vitest's `onTestFinished`, or that of its context. */
export type OnTestFinished = (end: () => Promise<void>) => unknown;

/** What there is when the rest of a test's tree is made. */
export interface DataParts<R> {
  readonly runtime: Runtime;
  readonly repo: R;
  /** The path or URL of the database; `""` without a repo. */
  readonly database: string;
}

/** What each test of `dataCase` has: a database of its own, and what else is to run. */
export interface DataCaseOptions<R extends SandboxedRepo | undefined> {
  /** Makes the repo of a database: see `openSandbox`. Without it, the test has none. */
  readonly repo?: RepoOf<R & SandboxedRepo>;
  /** Fills the template of the database, once for all tests. */
  readonly fill?: (repo: R & SandboxedRepo) => unknown;
  /** The URL of a database on a PostgreSQL server, for a database there in the place of a SQLite file. */
  readonly postgres?: string;
  /** What else the test needs, such as a PubSub: started after the repo and ended before it. */
  readonly children?: readonly ChildSpec[] | ((parts: DataParts<R>) => readonly ChildSpec[]);
  /** Default: the machine's. With a `VirtualClock` time passes as the test says. */
  readonly clock?: Clock;
  /** Decides the chances of the runtime and of factories. Default: 1. */
  readonly seed?: number;
  /** On so many threads the test's processes run. Default: 1. */
  readonly shards?: number;
  /** Ends the case with the test, in the place of `await using`. */
  readonly onTestFinished?: OnTestFinished;
}

export const DATA_CASE_OPTIONS: readonly string[] = [
  "repo",
  "fill",
  "postgres",
  "children",
  "clock",
  "seed",
  "shards",
  "onTestFinished",
];

/** A test's runtime with its database. Made by `dataCase`. */
export class DataCase<R> implements AsyncDisposable {
  readonly runtime: Runtime;
  /** Undefined if the case was given none. */
  readonly repo: R;
  /** The path or URL of the test's database; `""` without a repo. */
  readonly database: string;
  /** What the test's runtime logs, from `info` up. */
  readonly log: CapturedLog;
  readonly #seed: number;
  readonly #tree: Pid;
  readonly #sandbox: AsyncDisposable | undefined;
  #factory: Factory | undefined = undefined;
  #started = 0;

  /** @internal */
  constructor(parts: DataParts<R>, log: CapturedLog, seed: number, tree: Pid, sandbox?: AsyncDisposable) {
    this.runtime = parts.runtime;
    this.repo = parts.repo;
    this.database = parts.database;
    this.log = log;
    this.#seed = seed;
    this.#tree = tree;
    this.#sandbox = sandbox;
  }

  /** Makes rows, as its definitions say, in the test's repo. */
  get factory(): Factory {
    this.#factory ??= new Factory(this.repo, new SeededRandom(this.#seed));
    return this.#factory;
  }

  /**
   * Starts a child in the test's supervision tree, to be ended with the test before those that were started earlier
   * (`ExUnit.Callbacks.start_supervised!/2`). Rejects if it does not start.
   */
  startSupervised = async (spec: ChildSpec): Promise<Pid> => {
    this.#started += 1;
    return startUnder(this.runtime, this.#tree, { ...spec, id: `${String(spec.id)}#${this.#started}` });
  };

  /** Ends all that was started for the test, and drops its database. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.runtime.stop(this.#tree, "shutdown");
      await this.runtime.shutdown();
    } finally {
      await this.#sandbox?.[Symbol.asyncDispose]();
    }
  }
}

/**
 * Starts a runtime of the test's own with a repo on a database of its own. `DataCase` of a Phoenix application. Tests and files run side
 * by side. Dispose of it at the end (`await using`), or hand in `onTestFinished`.
 * @example
 * ```ts
 * test("an address is taken once", async ({ onTestFinished }) => {
 *   const { repo, factory } = await dataCase({ repo: shopDatabase, onTestFinished });
 *   const ada = await factory.insert(users);
 *   const again = await repo.insert("users", registration({ email: ada.email }));
 *   assert.deepEqual(errorsOn(again), { email: ["has already been taken"] });
 * });
 * ```
 */
export async function dataCase<R extends SandboxedRepo | undefined = undefined>(
  options: DataCaseOptions<R> = {},
): Promise<DataCase<R>> {
  expectOptions("dataCase", DATA_CASE_OPTIONS, options);
  const it = await startDataCase(options, () => []);
  options.onTestFinished?.(() => it[Symbol.asyncDispose]());
  return it;
}

/** @internal The case, with `more` children behind those of the options. */
export async function startDataCase<R extends SandboxedRepo | undefined>(
  options: DataCaseOptions<R>,
  more: (parts: DataParts<R>) => readonly ChildSpec[],
): Promise<DataCase<R>> {
  const { repo: repoOf, fill, postgres, children = [], clock, seed = 1, shards = 1 } = options;
  if (!Number.isSafeInteger(seed))
    throw testingError("ROOKERY_TEST_OPTION", "an integer as seed", "dataCase", seed);
  const sandbox: Sandbox<R & SandboxedRepo> | undefined =
    repoOf === undefined ? undefined : await openSandbox(repoOf, { fill, postgres });
  const log = new CapturedLog();
  let runtime: Runtime | undefined;
  try {
    runtime = await Runtime.start({
      logger: log,
      shards,
      random: new SeededRandom(seed),
      ...(clock === undefined ? {} : { clock }),
    });
    const parts = { runtime, repo: sandbox?.repo as R, database: sandbox?.database ?? "" };
    const tree = await startTree(runtime, [
      ...(sandbox === undefined ? [] : [sandbox.repo.childSpec()]),
      ...(typeof children === "function" ? children(parts) : children),
      ...more(parts),
    ]);
    return new DataCase(parts, log, seed, tree, sandbox);
  } catch (error) {
    await runtime?.shutdown();
    await sandbox?.[Symbol.asyncDispose]();
    throw error;
  }
}

async function startUnder(runtime: Runtime, tree: Pid, spec: ChildSpec): Promise<Pid> {
  const started = await Supervisor.startChild(runtime, tree, spec);
  if (started.ok && started.pid !== undefined) return started.pid;
  throw testingError("ROOKERY_TEST_CHILD", spec.id, started);
}
