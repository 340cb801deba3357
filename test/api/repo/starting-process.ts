import { type Kysely, sql } from "kysely";
import { Repo } from "../../../api/repo/repo.ts";
import { Runtime } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";

// A program that starts a repo on the file it is given, plants a seed, and ends.
const path = process.argv[2] as string;
const names = ["one", "two", "three", "four"];
const runtime = await Runtime.start();
const repo = new Repo<{ notes: { text: string } }>({
  path,
  migrations: [
    { version: 1, name: "notes", up: (db) => sql`CREATE TABLE notes (text TEXT NOT NULL)`.execute(db) },
    ...names.map((name, index) => ({
      version: index + 2,
      name,
      up: (db: Kysely<unknown>) => sql`INSERT INTO notes VALUES (${name})`.execute(db),
    })),
  ],
});
await runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
await repo.seed([
  { name: "first note", run: (db) => db.insertInto("notes").values({ text: "seed" }).execute() },
]);
await runtime.shutdown();
