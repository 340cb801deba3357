import { Token } from "../../channels/index.ts";
import type { Clock } from "../../runtime/index.ts";
import type { DashboardOptions } from "./dashboard-options.ts";

const SALT = "rookery dashboard";
/** A working day: then the token has to be shown again. */
const SESSION_S = 12 * 3_600;
const MS_PER_S = 1_000;

/** What a page keeps in place of the token. */
export function newSession({ token }: DashboardOptions, clock: Clock): string {
  const expiresAtMs = Math.trunc(clock.systemTimeMs()) + SESSION_S * MS_PER_S;
  return Token.sign(token, SALT, { expires_at_ms: expiresAtMs }, { clock, maxAge: SESSION_S });
}

/** When the session ends; undefined for what is none, or none any more. */
export function sessionEnd({ token }: DashboardOptions, session: unknown, clock: Clock): number | undefined {
  if (typeof session !== "string") return undefined;
  const result = Token.verify(token, SALT, session, { clock });
  if (!result.ok) return undefined;
  return (result.data as { readonly expires_at_ms: number }).expires_at_ms;
}
