import { type CastResult, DownMessage, noReply, type Runtime } from "rookery";
import { Multi, type Repo } from "rookery/api";
import { type Database, databaseAt } from "../../demo/database.ts";
import { RoomPresence } from "../../demo/sockets/room-presence.ts";
import { SoakShard } from "./soak-shard.ts";

/** Broken: answers when a transaction has run, and not when it is on the disk. */
export class HastyShard extends SoakShard {
  static override readonly module: string = import.meta.url;

  protected override repo(path: string): Repo<Database> {
    return hasty(databaseAt(path));
  }
}

function hasty(repo: Repo<Database>): Repo<Database> {
  const durable = repo.transaction.bind(repo) as (work: unknown) => Promise<unknown>;
  const transaction = (work: unknown): Promise<unknown> => {
    if (!(work instanceof Multi)) return durable(work);
    return new Promise((resolve, reject) => {
      const answering = (work as Multi<Database, object>).run("answer", (_db, changes) => {
        resolve({ ok: true, changes });
        return { ok: true, value: undefined };
      });
      durable(answering).then(resolve, reject);
    });
  };
  const insert = (table: never, changeset: never): Promise<unknown> =>
    new Promise((resolve, reject) => {
      repo
        .transaction(async (_db, inner) => {
          const result = await inner.insert(table, changeset);
          resolve(result);
          return result;
        })
        .catch(reject);
    });
  return Object.assign(repo, { transaction, insert });
}

/** Broken: a presence that is restarted does not subscribe to what those of other shards say. */
export class ForgetfulShard extends SoakShard {
  static override readonly module: string = import.meta.url;

  protected override readonly presence: typeof RoomPresence = ForgetfulPresence;
}

const started = new WeakSet<Runtime>();

class ForgetfulPresence extends RoomPresence {
  protected override replicate(...options: Parameters<RoomPresence["replicate"]>): void {
    if (!started.has(this.self.runtime)) super.replicate(...options);
    started.add(this.self.runtime);
  }
}

/** Broken: a window whose channel was killed stays in the presence of its room. */
export class LeakyShard extends SoakShard {
  static override readonly module: string = import.meta.url;

  protected override readonly presence: typeof RoomPresence = LeakyPresence;
}

class LeakyPresence extends RoomPresence {
  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    const isLeaked = message instanceof DownMessage && message.reason === "killed";
    return isLeaked ? noReply() : super.handleInfo(message);
  }
}
