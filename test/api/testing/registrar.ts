import { change } from "../../../api/repo/changeset.ts";
import type { Repo } from "../../../api/repo/repo.ts";
import { type CallResult, GenServer, type InitResult, ok, reply } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { type Shop, shopAt } from "./shop.ts";

/** Registers a user, on whichever shard it runs, by a repo of its own. */
export class Registrar extends GenServer<Repo<Shop>, "register"> {
  static override readonly module: string = import.meta.url;

  async init(database: string): Promise<InitResult<Repo<Shop>>> {
    const repo = shopAt(database);
    await this.self.startLink(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
    return ok(repo);
  }

  override async handleCall(): Promise<CallResult> {
    const { ok: done } = await this.state.insert("users", change({ email: "elsewhere@example.com" }));
    return reply(done ? this.self.runtime.place : "refused");
  }
}
