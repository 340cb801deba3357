import type { FastifyRequest } from "fastify";
import type { Failure, Page, PageParams } from "rookery/api";
import type { Chat } from "../chat/chat.ts";
import type { Message } from "../chat/message.ts";
import type { Room } from "../chat/room.ts";
import { recordId } from "../record-id.ts";

export class RoomController {
  readonly #chat: Chat;

  constructor(chat: Chat) {
    this.#chat = chat;
  }

  async index({ query }: FastifyRequest): Promise<Page<Room> | Failure> {
    const result = await this.#chat.rooms(query as PageParams);
    return result.ok ? result.value : { error: result.error };
  }

  async messages({ params, query }: FastifyRequest): Promise<Page<Message> | Failure> {
    const id = recordId((params as { id: string }).id);
    if (id === undefined || (await this.#chat.room(id)) === undefined) return { error: "not_found" };
    const result = await this.#chat.messages(id, query as PageParams);
    return result.ok ? result.value : { error: result.error };
  }
}
