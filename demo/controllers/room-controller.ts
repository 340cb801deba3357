import { action, type Action, errorSchema } from "rookery/api";
import { z } from "zod";
import type { Chat } from "../chat/chat.ts";
import { pageOf, pageQuery } from "./page-query.ts";
import { recordParams } from "./record-params.ts";

const room = z.object({ id: z.int(), name: z.string() }).meta({ id: "Room" });
const message = z
  .object({ id: z.int(), user_id: z.int(), name: z.string(), body: z.string(), inserted_at: z.string() })
  .meta({ id: "Message" });

export class RoomController {
  readonly #chat: Chat;

  constructor(chat: Chat) {
    this.#chat = chat;
  }

  readonly index: Action = action(
    { query: pageQuery, responses: { 200: pageOf(room) } },
    async ({ query }) => {
      const result = await this.#chat.rooms(query);
      return result.ok ? result.value : { error: result.error };
    },
  );

  readonly messages: Action = action(
    { params: recordParams, query: pageQuery, responses: { 200: pageOf(message), 404: errorSchema } },
    async ({ params: { id }, query }) => {
      if (id === undefined || (await this.#chat.room(id)) === undefined) return { error: "not_found" };
      const result = await this.#chat.messages(id, query);
      return result.ok ? result.value : { error: result.error };
    },
  );
}
