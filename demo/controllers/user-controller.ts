import type { FastifyReply, FastifyRequest } from "fastify";
import type { Failure, Page, PageParams } from "rookery/api";
import type { Accounts } from "../accounts/accounts.ts";
import { recordId } from "../record-id.ts";
import { type UserJson, userJson, usersJson } from "../views/user-json.ts";

export class UserController {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  async index({ query }: FastifyRequest): Promise<Page<UserJson> | Failure> {
    const result = await this.#accounts.users(query as PageParams);
    return result.ok ? usersJson(result.value) : { error: result.error };
  }

  async show({ params }: FastifyRequest): Promise<{ data: UserJson } | Failure> {
    const id = recordId((params as { id: string }).id);
    const user = id === undefined ? undefined : await this.#accounts.user(id);
    return user === undefined ? { error: "not_found" } : { data: userJson(user) };
  }

  async create({ body }: FastifyRequest, reply: FastifyReply): Promise<{ data: UserJson } | Failure> {
    const result = await this.#accounts.register((body as { user: unknown }).user);
    if (!result.ok) return { error: result.error };
    reply.code(201).header("location", `/api/v1/users/${result.user.id}`);
    return { data: userJson(result.user) };
  }
}
