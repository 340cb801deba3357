import { channelsError } from "../errors.ts";

/**
 * Which pages may connect. `true`: those of the host the request was made to; `"conn"`: the same, and of the same scheme and
 * port; `false`: all; a list: those named, as
 * `"https://x.com"`, `"//x.com"` (any scheme and port), `"//*.x.com"` (x.com and all below) or `"//x.com:81"`; a function: those
 * for which it answers true. Where the name of the server is known, a list is safer than `true`: somebody may have made
 * another name lead to it.
 */
export type CheckOrigin = boolean | "conn" | readonly string[] | ((origin: URL) => boolean);

/** Answers whether a page of `origin` may connect to a server that the request, over TLS or not, calls `host`. */
export type OriginCheck = (
  origin: string | undefined,
  host: string | undefined,
  encrypted?: boolean,
) => boolean;

interface AllowedOrigin {
  readonly scheme: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
}

const ALLOWED = /^(?:([a-z][a-z0-9+.-]*):)?\/\/(\[[0-9a-f:.]+\]|[^:/?#\s]+)(?::(\d+))?\/?$/i;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", ws: "80", https: "443", wss: "443" };

/**
 * Makes the check of a mount. A request without origin passes: it is no page's, and a page's browser always sends one. An
 * origin that is no URL (`null`, of a sandboxed page) never passes. A scheme brings its usual port, as in an origin.
 */
export function originCheck(option: CheckOrigin): OriginCheck {
  if (option === false) return () => true;
  if (option === true) return withUrl((origin, host) => origin.hostname === urlOf(host)?.hostname);
  if (option === "conn") return withUrl(isSameConnection);
  if (typeof option === "function") return withUrl((origin) => option(origin));
  if (!Array.isArray(option)) throw channelsError("ROOKERY_ORIGIN", option);
  const allowed = option.map(parseAllowed);
  return withUrl((origin) => allowed.some((one) => isAllowed(origin, one)));
}

function withUrl(check: (origin: URL, host: string | undefined, encrypted: boolean) => boolean): OriginCheck {
  return (origin, host, encrypted = false) => {
    if (origin === undefined) return true;
    const url = parseUrl(origin);
    return url !== undefined && url.hostname !== "" && check(url, host, encrypted);
  };
}

function parseUrl(url: string): URL | undefined {
  return URL.parse(url) ?? undefined;
}

function urlOf(host: string | undefined, scheme: string = "http"): URL | undefined {
  return host === undefined ? undefined : parseUrl(`${scheme}://${host}`);
}

/** A URL leaves out the usual port of its scheme, on both sides. */
function isSameConnection(origin: URL, host: string | undefined, encrypted: boolean): boolean {
  const own = urlOf(host, encrypted ? "https" : "http");
  return own !== undefined && origin.protocol === own.protocol && origin.host === own.host;
}

function parseAllowed(origin: unknown): AllowedOrigin {
  const parts = typeof origin === "string" ? ALLOWED.exec(origin) : null;
  if (parts === null) throw channelsError("ROOKERY_ORIGIN", origin);
  const scheme = parts[1]?.toLowerCase();
  const port = parts[3] ?? (scheme === undefined ? undefined : DEFAULT_PORTS[scheme]);
  return { scheme, host: parts[2]!.toLowerCase(), port };
}

function isAllowed(origin: URL, { scheme, host, port }: AllowedOrigin): boolean {
  const originScheme = origin.protocol.slice(0, -1);
  if (scheme !== undefined && scheme !== originScheme) return false;
  if (port !== undefined && port !== (origin.port || DEFAULT_PORTS[originScheme])) return false;
  if (!host.startsWith("*.")) return origin.hostname === host;
  return origin.hostname === host.slice(2) || origin.hostname.endsWith(host.slice(1));
}
