import { Presence, type PresenceOptions, type Presences } from "rookery/channels";
import type { Accounts } from "../accounts/accounts.ts";

interface RoomPresenceOptions extends PresenceOptions {
  readonly accounts: Accounts;
}

/** Who is in which room, under the ids of users, with their names: `{ "7": { user: { name }, metas } }`. */
export class RoomPresence extends Presence {
  static override readonly module: string = import.meta.url;

  #accounts!: Accounts;

  override init({ accounts, ...options }: RoomPresenceOptions): ReturnType<Presence["init"]> {
    this.#accounts = accounts;
    return super.init(options);
  }

  override async fetch(_topic: string, presences: Presences): Promise<Presences> {
    const names = await this.#accounts.namesOf(Object.keys(presences).map(Number));
    const named = Object.entries(presences).map(([id, { metas }]) => {
      return [id, { user: { name: names.get(Number(id)) }, metas }] as const;
    });
    return Object.fromEntries(named);
  }
}
