// Run by Node itself, with the path of a database: inserts users without end, and prints each as soon as it is
// answered.
import { writeSync } from "node:fs";
import { Repo } from "../../../api/repo/repo.ts";
import { Runtime } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { type TestDatabase, testMigrations } from "./temporary-repo.ts";

const runtime = await Runtime.start();
const repo = new Repo<TestDatabase>({ path: process.argv[2] as string, migrations: testMigrations });
await runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });

let number = 0;
for (let caller = 0; caller < 16; caller += 1) void insertForever();

async function insertForever(): Promise<never> {
  for (;;) {
    const email = `user${(number += 1)}`;
    await repo.transaction((db) => db.insertInto("users").values({ email }).execute());
    writeSync(1, `${email}\n`);
  }
}
