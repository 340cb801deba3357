import { apiError } from "../errors.ts";

/** A host such as `example.com`, or the beginning of one up to a dot, such as `api.`; a list of them for any. */
export type HostPattern = string | readonly string[];

/** A label, more of them, and a dot at the end for a beginning. */
const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.?$/i;

export function completeHosts(pattern: HostPattern): readonly string[] {
  const hosts = (typeof pattern === "string" ? [pattern] : pattern).map((host) => host.toLowerCase());
  const wrong = hosts.find((host) => !HOST.test(host));
  if (wrong !== undefined || hosts.length === 0) throw apiError("ROOKERY_ROUTE_HOST", wrong ?? "none");
  return hosts;
}

/** What Fastify compares the header with; there a port may follow the host. */
export function hostConstraint(hosts: readonly string[]): RegExp {
  const patterns = hosts.map((host) => {
    const literal = host.replaceAll(".", "\\.");
    return host.endsWith(".") ? `${literal}.*` : `${literal}(:\\d+)?`;
  });
  return new RegExp(`^(${patterns.join("|")})$`, "i");
}

/** Whether some host is one of both; no hosts at all stand for any. */
export function hostsMeet(some: readonly string[], others: readonly string[]): boolean {
  if (some.length === 0 || others.length === 0) return true;
  return some.some((one) =>
    others.some((other) => one === other || begins(one, other) || begins(other, one)),
  );
}

function begins(pattern: string, host: string): boolean {
  return pattern.endsWith(".") && host.startsWith(pattern);
}
