import type { Page } from "rookery/api";
import type { User } from "../accounts/user.ts";

/** What everybody may know of a user. */
export interface UserJson {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

export function userJson({ id, name, email }: User): UserJson {
  return { id, name, email };
}

export function usersJson({ data, meta }: Page<User>): Page<UserJson> {
  return { data: data.map(userJson), meta };
}
