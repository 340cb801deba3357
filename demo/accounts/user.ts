import type { Generated, Selectable } from "kysely";
import { cast, type Changeset, validateFormat, validateLength, validateRequired } from "rookery/api";
import { z } from "zod";

const PASSWORD_LENGTH_MIN = 8;
/** Hashing takes time for every byte. */
const PASSWORD_LENGTH_MAX = 200;
const NAME_LENGTH_MAX = 100;
const EMAIL_LENGTH_MAX = 160;
/** What a reader sees as one character may be of megabytes: more than an index of PostgreSQL takes, and than anybody wants to list. */
const COUNT = "codepoints";

export interface UserTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly email: string;
  readonly password_hash: string;
  readonly inserted_at: string;
}

export type User = Selectable<UserTable>;

/** What somebody says about themself to become a user. */
export interface Registration {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** One spelling for each address, so that nobody signs up twice. */
export function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}

export function registration(params: unknown): Changeset<Registration> {
  const types = {
    name: z.string().transform((name) => name.trim()),
    email: z.string().transform(normalEmail),
    password: z.string(),
  };
  let changeset: Changeset<Registration> = cast({}, params, types);
  changeset = validateRequired(changeset, ["name", "email", "password"]);
  changeset = validateLength(changeset, "name", { max: NAME_LENGTH_MAX, count: COUNT });
  changeset = validateFormat(changeset, "email", /^[^\s@]+@[^\s@]+$/, {
    message: "must be an email address",
  });
  changeset = validateLength(changeset, "email", { max: EMAIL_LENGTH_MAX, count: COUNT });
  return validateLength(changeset, "password", {
    min: PASSWORD_LENGTH_MIN,
    max: PASSWORD_LENGTH_MAX,
    count: COUNT,
  });
}
