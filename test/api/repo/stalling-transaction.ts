// Run by Node itself, with the path of a database: a transaction on the first shard never returns, while the second one wants to
// write. Prints what became of both, and whether the first one can write again.
import { Repo } from "../../../api/repo/repo.ts";
import { nameOn, type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { EveryShard, Supervisor } from "../../../supervisors/index.ts";
import { RepoUser, rowMigrations, type Rows } from "./repo-user.ts";

const path = process.argv[2] as string;
const runtime = await Runtime.start({ shards: 2, stallMs: 1_000, logger: silentLogger });
const witness = runtime.spawn(() => new Promise(() => {}));
await runtime.start(EveryShard, { start: [RepoUser, { path, witness }], name: "user" });
const repo = new Repo<Rows>({ path, migrations: rowMigrations });
await runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });

const stalling = repo
  .transaction(async (db) => {
    await db.insertInto("rows").values({ name: "stalling" }).execute();
  })
  .then(() =>
    repo.transaction(() => {
      for (;;);
    }),
  )
  .catch((error: { code: string }) => error.code);
const other = runtime.whereis(nameOn(1, "user")) as Pid<RepoUser>;
await runtime.call(other, { insert: "first" });
const code = await stalling;
await runtime.call(other, { insert: "second" });
let isBack = false;
while (!isBack) {
  isBack = await insert("third").catch(() => false);
}
const names = await runtime.call(other, "names");
await runtime.shutdown();
process.stdout.write(JSON.stringify({ code, names }));

async function insert(name: string): Promise<boolean> {
  await new Promise((resolve) => runtime.clock.setTimer(1, () => resolve(undefined)));
  await repo.transaction((db) => db.insertInto("rows").values({ name }).execute());
  return true;
}
