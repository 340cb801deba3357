import type { ChildSpec } from "../../supervisors/index.ts";

/** A repo, as far as a sandbox has to know one. */
export interface SandboxedRepo {
  childSpec(): ChildSpec;
}

/** Makes the repo of a database, whose migrations it has: of a SQLite file by its path, of a PostgreSQL database by its URL. */
export type RepoOf<R extends SandboxedRepo> = (database: string) => R;

/** A database of its own, without its repo. */
export interface OwnDatabase {
  readonly database: string;
  drop(): Promise<void>;
}
