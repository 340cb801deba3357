import type { Generated } from "kysely";
import { cast, type Changeset, validateFormat, validateLength, validateRequired } from "rookery/api";
import { z } from "zod";

const BODY_LENGTH_MAX = 4_000;

export interface MessageTable {
  readonly id: Generated<number>;
  readonly room_id: number;
  readonly user_id: number;
  readonly body: string;
  readonly inserted_at: string;
}

/** A message with the name of its author. */
export interface Message {
  readonly id: number;
  readonly user_id: number;
  readonly name: string;
  readonly body: string;
  readonly inserted_at: string;
}

export type NewMessage = Omit<MessageTable, "id">;

/** What the author sends is the body; the rest is known. */
export function newMessage(known: Omit<NewMessage, "body">, params: unknown): Changeset<NewMessage> {
  let changeset: Changeset<NewMessage> = cast(known, params, { body: z.string() });
  changeset = validateRequired(changeset, ["body"]);
  // JSON and SQLite take U+0000 in a text, PostgreSQL doesn't.
  changeset = validateFormat(changeset, "body", /^[^\0]*$/);
  return validateLength(changeset, "body", { max: BODY_LENGTH_MAX, count: "codepoints" });
}
