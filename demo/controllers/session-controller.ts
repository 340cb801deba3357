import type { FastifyReply, FastifyRequest } from "fastify";
import type { Failure } from "rookery/api";
import { z } from "zod";
import type { Accounts } from "../accounts/accounts.ts";
import { type UserJson, userJson } from "../views/user-json.ts";

const credentials = z.object({ email: z.string(), password: z.string() });

interface SessionJson {
  readonly token: string;
  readonly user: UserJson;
}

export class SessionController {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  async create({ body }: FastifyRequest, reply: FastifyReply): Promise<{ data: SessionJson } | Failure> {
    const { success, data } = credentials.safeParse(body);
    if (!success) return { error: "bad_request" };
    const user = await this.#accounts.authenticate(data.email, data.password);
    if (user === undefined) return { error: "unauthorized" };
    reply.code(201);
    return { data: { token: this.#accounts.tokenFor(user), user: userJson(user) } };
  }
}
