import { sql } from "kysely";
import type { Migration } from "../../../api/repo/migrator.ts";
import { Repo } from "../../../api/repo/repo.ts";
import { Writer } from "../../../api/repo/writer.ts";
import {
  type CallResult,
  type CastResult,
  GenServer,
  type InitResult,
  noReply,
  ok,
  type Pid,
  reply,
} from "../../../runtime/index.ts";
import { serverInstance } from "../../../runtime/internal.ts";
import { Supervisor } from "../../../supervisors/index.ts";

export interface RepoUserOptions {
  readonly path: string;
  /** Is told what became of each insertion. */
  readonly witness: Pid;
}

/** `name` is that of a row; each is inserted once. `error` is undefined if the row is on the disk. */
export interface Inserted {
  readonly place: number;
  readonly name: string;
  readonly error: string | undefined;
}

export interface RepoUserStats {
  readonly commits: number;
  readonly transactions: number;
}

type Call = "stats" | "names" | { readonly insert: string };

type Cast = { readonly insertForever: number } | "stop" | "kill writer" | "exit" | "exit in a transaction";

export type Rows = { rows: { name: string } };

export const rowMigrations: readonly Migration[] = [
  // Rows may be there twice: nothing here hides it.
  { version: 1, name: "create rows", up: (db) => sql`CREATE TABLE rows (name TEXT NOT NULL)`.execute(db) },
];

/** A process with a repo of its own, to be started on any shard. */
export class RepoUser extends GenServer<undefined, Call, Cast> {
  static override readonly module: string = import.meta.url;

  #repo!: Repo<Rows>;
  #witness!: Pid;
  #stopped = false;
  #number = 0;

  override async init({ path, witness }: RepoUserOptions): Promise<InitResult<undefined>> {
    this.#repo = new Repo<Rows>({ path, migrations: rowMigrations, name: "rows" });
    this.#witness = witness;
    await this.self.startLink(Supervisor, { strategy: "one_for_one", children: [this.#repo.childSpec()] });
    return ok(undefined);
  }

  override async handleCall(request: Call): Promise<CallResult> {
    if (request === "stats") {
      const { commits, transactions } = (serverInstance(this.self.runtime, "rows.writer", Writer) as Writer)
        .state;
      return reply({ commits, transactions });
    }
    if (request !== "names") await this.#insert(request.insert);
    const rows = await this.#repo.db.selectFrom("rows").select("name").execute();
    return reply(rows.map(({ name }) => name));
  }

  override handleCast(cast: Cast): CastResult {
    const { runtime, pid } = this.self;
    if (cast === "stop") this.#stopped = true;
    else if (cast === "kill writer") runtime.exit("rows.writer", "kill");
    else if (cast === "exit") process.exit();
    else if (cast === "exit in a transaction") {
      void this.#repo.transaction(async (db) => {
        await db
          .insertInto("rows")
          .values({ name: `doomed ${pid}` })
          .execute();
        process.exit();
      });
    } else for (let caller = 0; caller < cast.insertForever; caller += 1) void this.#insertForever();
    return noReply();
  }

  async #insertForever(): Promise<void> {
    const { pid, runtime } = this.self;
    while (!this.#stopped) {
      const name = `${pid} ${(this.#number += 1)}`;
      let error: string | undefined = undefined;
      try {
        await this.#insert(name, this.#number % 10 === 0);
      } catch (thrown) {
        error = (thrown as { code?: string }).code ?? String(thrown);
      }
      this.self.send(this.#witness, { place: runtime.place, name, error } satisfies Inserted);
      if (error !== undefined) await new Promise<void>((resolve) => runtime.clock.setTimer(5, resolve));
    }
  }

  async #insert(name: string, slowly = false): Promise<void> {
    await this.#repo.transaction(async (db) => {
      await db.insertInto("rows").values({ name }).execute();
      if (slowly) await new Promise<void>((resolve) => this.self.runtime.clock.setTimer(1, resolve));
    });
  }
}
