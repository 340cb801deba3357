import type { SelectQueryBuilder } from "kysely";
import type { Clock } from "rookery";
import { type Changeset, page, type PageParams, type PageResult, type Repo } from "rookery/api";
import type { User } from "../accounts/user.ts";
import type { Database } from "../database.ts";
import { type Message, type NewMessage, newMessage } from "./message.ts";
import type { Room } from "./room.ts";

/** So many messages somebody who comes in gets to see. */
const HISTORY_LENGTH = 50;

export interface ChatOptions {
  readonly repo: Repo<Database>;
  readonly clock: Clock;
}

export type SayResult =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly error: Changeset<NewMessage> };

/** Rooms, and what is said in them. */
export class Chat {
  readonly #repo: Repo<Database>;
  readonly #clock: Clock;

  constructor({ repo, clock }: ChatOptions) {
    this.#repo = repo;
    this.#clock = clock;
  }

  rooms(params: PageParams): Promise<PageResult<Room>> {
    const query = this.#repo.db.selectFrom("rooms").selectAll();
    return page(query, params, { orderBy: [{ column: "id", type: "number" }] });
  }

  room(id: number): Promise<Room | undefined> {
    return this.#repo.get("rooms", id);
  }

  /** The messages of a room, the newest first: `after` a cursor come the older ones. */
  messages(roomId: number, params: PageParams): Promise<PageResult<Message>> {
    return page(this.#messagesOf(roomId), params, {
      orderBy: [{ column: "messages.id", type: "number", direction: "desc" }],
    });
  }

  /** The last messages of a room, the oldest first. */
  async history(roomId: number): Promise<readonly Message[]> {
    const query = this.#messagesOf(roomId).orderBy("messages.id", "desc").limit(HISTORY_LENGTH);
    return (await query.execute()).toReversed();
  }

  /** Saves what `author` says. Once this resolves, the message is on the disk. */
  async say(roomId: number, author: Pick<User, "id" | "name">, params: unknown): Promise<SayResult> {
    const inserted_at = new Date(this.#clock.systemTimeMs()).toISOString();
    const changeset = newMessage({ room_id: roomId, user_id: author.id, inserted_at }, params);
    const result = await this.#repo.insert("messages", changeset);
    if (!result.ok) return result;
    const { id, user_id, body } = result.value;
    return { ok: true, message: { id, user_id, name: author.name, body, inserted_at } };
  }

  #messagesOf(roomId: number): SelectQueryBuilder<Database, "messages" | "users", Message> {
    return this.#repo.db
      .selectFrom("messages")
      .innerJoin("users", "users.id", "messages.user_id")
      .select(["messages.id", "messages.user_id", "users.name", "messages.body", "messages.inserted_at"])
      .where("messages.room_id", "=", roomId);
  }
}
