import type { Clock } from "rookery";
import {
  change,
  type Changeset,
  page,
  type PageParams,
  type PageResult,
  type Repo,
  uniqueConstraint,
} from "rookery/api";
import { Token } from "rookery/channels";
import type { Database } from "../database.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { normalEmail, type Registration, registration, type User } from "./user.ts";

const SALT = "user session";
const SESSION_MAX_AGE_S = 14 * 24 * 60 * 60;

export interface AccountsOptions {
  readonly repo: Repo<Database>;
  readonly clock: Clock;
  readonly secretKeyBase: string;
}

export type RegisterResult =
  | { readonly ok: true; readonly user: User }
  | { readonly ok: false; readonly error: Changeset<Registration> };

/** Who may come in: users, their passwords, and the tokens of their sessions. */
export class Accounts {
  readonly #repo: Repo<Database>;
  readonly #clock: Clock;
  readonly #secretKeyBase: string;

  constructor({ repo, clock, secretKeyBase }: AccountsOptions) {
    this.#repo = repo;
    this.#clock = clock;
    this.#secretKeyBase = secretKeyBase;
  }

  /** Makes a user of what a client sent. Fails if something is missing or wrong, or the email address is taken. */
  async register(params: unknown): Promise<RegisterResult> {
    const changeset = registration(params);
    if (!changeset.valid) return { ok: false, error: changeset };
    const { name, email, password } = changeset.changes as Registration;
    const user = change<Omit<User, "id">>(
      {},
      {
        name,
        email,
        password_hash: await hashPassword(password),
        inserted_at: new Date(this.#clock.systemTimeMs()).toISOString(),
      },
    );
    const result = await this.#repo.insert("users", uniqueConstraint(user, "email"));
    if (result.ok) return { ok: true, user: result.value };
    return { ok: false, error: { ...changeset, errors: result.error.errors, valid: false } };
  }

  /** The user with this address and password. A wrong address takes as long to refuse as a wrong password. */
  async authenticate(email: string, password: string): Promise<User | undefined> {
    const user = await this.#repo.one(
      this.#repo.db.selectFrom("users").selectAll().where("email", "=", normalEmail(email)),
    );
    return (await verifyPassword(password, user?.password_hash)) ? user : undefined;
  }

  /** A token that is good for two weeks, for requests and for sockets. */
  tokenFor({ id }: User): string {
    const options = { clock: this.#clock, maxAge: SESSION_MAX_AGE_S };
    return Token.sign(this.#secretKeyBase, SALT, { user_id: id }, options);
  }

  /** The user to whom a token was given; undefined if it is no good, or too old, or the user is gone. */
  async userOfToken(token: unknown): Promise<User | undefined> {
    if (typeof token !== "string") return undefined;
    const result = Token.verify(this.#secretKeyBase, SALT, token, { clock: this.#clock });
    if (!result.ok) return undefined;
    const { user_id } = result.data as { readonly user_id: number };
    return this.#repo.get("users", user_id);
  }

  user(id: number): Promise<User | undefined> {
    return this.#repo.get("users", id);
  }

  users(params: PageParams): Promise<PageResult<User>> {
    const query = this.#repo.db.selectFrom("users").selectAll();
    return page(query, params, { orderBy: [{ column: "id", type: "number" }] });
  }

  async namesOf(ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const query = this.#repo.db.selectFrom("users").select(["id", "name"]).where("id", "in", ids);
    return new Map((await query.execute()).map(({ id, name }) => [id, name]));
  }
}
