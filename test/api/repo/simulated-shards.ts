import type { RepoOptions } from "../../../api/repo/repo-options.ts";
import { Repo } from "../../../api/repo/repo.ts";
import { Writer, type WriterState } from "../../../api/repo/writer.ts";
import { type Runtime, silentLogger } from "../../../runtime/index.ts";
import { serverInstance } from "../../../runtime/internal.ts";
import { type Simulation, simulate } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { TemporaryFolder, type TestDatabase, testMigrations } from "./temporary-repo.ts";

/** Shards in a simulation, each with a repo of its own on the same file. */
export class SimulatedShards {
  readonly simulation: Simulation;
  readonly folder: TemporaryFolder;
  readonly repos: readonly Repo<TestDatabase>[];

  private constructor(simulation: Simulation, folder: TemporaryFolder, repos: readonly Repo<TestDatabase>[]) {
    this.simulation = simulation;
    this.folder = folder;
    this.repos = repos;
  }

  static async start(
    options: Partial<Extract<RepoOptions, { readonly path: string }>> & { seed?: number } = {},
  ): Promise<SimulatedShards> {
    const { seed = 1, ...repoOptions } = options;
    const folder = new TemporaryFolder();
    const simulation = await simulate({ seed, shards: 3, logger: silentLogger });
    const path = folder.file("test.db");
    const repos = simulation.runtimes.map(
      () => new Repo<TestDatabase>({ path, migrations: testMigrations, name: "test", ...repoOptions }),
    );
    const start = (runtime: Runtime, repo: Repo<TestDatabase>): Promise<unknown> =>
      runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
    const started = Promise.all(repos.map((repo, shard) => start(simulation.runtimes[shard]!, repo)));
    await simulation.settle();
    await started;
    return new SimulatedShards(simulation, folder, repos);
  }

  /** Inserts a user, from the shard. */
  addUser(shard: number, email: string): Promise<unknown> {
    return this.addLate(shard, email, undefined);
  }

  /** Inserts a user in a transaction that is not done before `until` is. */
  addLate(shard: number, email: string, until: Promise<unknown> | undefined): Promise<unknown> {
    return this.repos[shard]!.transaction(async (db) => {
      await db.insertInto("users").values({ email }).execute();
      if (until !== undefined) await until;
    });
  }

  /** The emails that have been committed, as the shard sees them. */
  async emails(shard: number): Promise<string[]> {
    const rows = await this.repos[shard]!.db.selectFrom("users").select("email").orderBy("id").execute();
    return rows.map((row) => row.email);
  }

  writerState(shard: number): WriterState {
    return (serverInstance(this.simulation.runtimes[shard]!, "test.writer", Writer) as Writer).state;
  }

  killWriter(shard: number): void {
    this.simulation.runtimes[shard]!.exit("test.writer", "kill");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.simulation[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}
