import { action, type Action, errorSchema } from "rookery/api";
import { z } from "zod";
import type { Accounts } from "../accounts/accounts.ts";
import { pathTo } from "../paths.ts";
import { userJson, userSchema, usersJson } from "../views/user-json.ts";
import { dataOf, pageOf, pageQuery } from "./page-query.ts";
import { recordParams } from "./record-params.ts";

/** What has to be in it is for the context to say, which has a message for each field. */
const registration = z.object({
  user: z.unknown().meta({
    type: "object",
    required: ["name", "email", "password"],
    properties: {
      name: { type: "string", pattern: "\\S", description: "Up to 100 characters." },
      email: {
        type: "string",
        pattern: "^\\s*[^\\s@]+@[^\\s@]+\\s*$",
        description: "Up to 160 characters.",
      },
      password: { type: "string", minLength: 8, maxLength: 200 },
    },
  }),
});

export class UserController {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  readonly index: Action = action(
    { query: pageQuery, responses: { 200: pageOf(userSchema) } },
    async ({ query }) => {
      const result = await this.#accounts.users(query);
      return result.ok ? usersJson(result.value) : { error: result.error };
    },
  );

  readonly show: Action = action(
    { params: recordParams, responses: { 200: dataOf(userSchema), 404: errorSchema } },
    async ({ params: { id } }) => {
      const user = id === undefined ? undefined : await this.#accounts.user(id);
      return user === undefined ? { error: "not_found" } : { data: userJson(user) };
    },
  );

  readonly create: Action = action(
    { body: registration, responses: { 201: dataOf(userSchema) } },
    async ({ body }, reply) => {
      const result = await this.#accounts.register(body.user);
      if (!result.ok) return { error: result.error };
      reply.code(201).header("location", pathTo("/api/v1/users/:id", { id: result.user }));
      return { data: userJson(result.user) };
    },
  );
}
