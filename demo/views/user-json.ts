import type { Page } from "rookery/api";
import { z } from "zod";
import type { User } from "../accounts/user.ts";

/** What everybody may know of a user. */
export interface UserJson {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

export const userSchema: z.ZodType<UserJson, UserJson> = z
  .object({ id: z.int(), name: z.string(), email: z.string() })
  .meta({ id: "User" });

export function userJson({ id, name, email }: User): UserJson {
  return { id, name, email };
}

export function usersJson({ data, meta }: Page<User>): Page<UserJson> {
  return { data: data.map(userJson), meta };
}
