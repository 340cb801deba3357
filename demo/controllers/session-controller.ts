import { action, type Action, errorSchema } from "rookery/api";
import { z } from "zod";
import type { Accounts } from "../accounts/accounts.ts";
import { userJson, userSchema } from "../views/user-json.ts";
import { dataOf } from "./page-query.ts";

/** Nobody is told what is missing: there is nothing to correct in an attempt to sign in. */
const credentials = z.object({ email: z.string(), password: z.string() }).optional().catch(undefined);
const session = z.object({ token: z.string(), user: userSchema }).meta({ id: "Session" });

export class SessionController {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  readonly create: Action = action(
    { body: credentials, responses: { 201: dataOf(session), 401: errorSchema } },
    async ({ body }, reply) => {
      if (body === undefined) return { error: "bad_request" };
      const user = await this.#accounts.authenticate(body.email, body.password);
      if (user === undefined) return { error: "unauthorized" };
      reply.code(201);
      return { data: { token: this.#accounts.tokenFor(user), user: userJson(user) } };
    },
  );
}
