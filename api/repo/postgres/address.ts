/**
 * Which database a URL means, for people: `postgres://host:port/database`, without user, password and parameters.
 * Undefined for what is no URL of a PostgreSQL.
 */
export function addressOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, pathname } = new URL(url);
  return protocol === "postgres:" || protocol === "postgresql:" ? `postgres://${host}${pathname}` : undefined;
}
