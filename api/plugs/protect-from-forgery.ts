import type { FastifyRequest } from "fastify";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";
import { isOwnCsrfToken } from "../session/csrf-token.ts";
import { clearSession, configureSession } from "../session/session.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** No CSRF token is wanted of it, says a plug before, or the test that has made it: `plug_skip_csrf_protection`. */
    skipsCsrfProtection?: boolean;
  }
}

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** What `protectFromForgery` demands of whom: the options of `Plug.CSRFProtection`. */
export interface ProtectFromForgeryOptions {
  /** What becomes of a request without a token: 403, or it goes on without its session. Default: `"forbidden"`. */
  readonly otherwise?: "forbidden" | "clear_session";
  /** Whether a request needs no token, for it carries nothing that a browser sends by itself. */
  readonly skip?: (request: FastifyRequest) => boolean;
}

/**
 * Lets requests that change something pass only with the token of the session (`getCsrfToken`): the pages of others can't
 * know it, though browsers send the session's cookie for them, too. Stands behind the `session` plug, and not in pipelines whose
 * clients have no cookies. `Plug.CSRFProtection`; scripts that are answered to GET are not looked after.
 */
export function protectFromForgery(options: ProtectFromForgeryOptions = {}): Plug {
  const { otherwise = "forbidden", skip = () => false, ...unknown } = options;
  const fault = Object.keys(unknown)[0] ?? (OTHERWISE.includes(otherwise) ? undefined : otherwise);
  if (fault !== undefined)
    throw apiError(
      "ROOKERY_PLUG_OPTION",
      "skip, or otherwise: forbidden or clear_session,",
      "protectFromForgery",
      fault,
    );

  const protect = (request: FastifyRequest): unknown => {
    if (SAFE_METHODS.has(request.method) || request.skipsCsrfProtection === true) return undefined;
    if (isOwnCsrfToken(request, request.headers["x-csrf-token"])) return undefined;
    if (isOwnCsrfToken(request, tokenOf(request.body)) || skip(request)) return undefined;
    if (otherwise === "forbidden") return { error: "forbidden" };
    configureSession(request, "ignore");
    clearSession(request);
    return undefined;
  };
  return Object.assign(protect, { refuses: otherwise === "forbidden" ? [403] : [] });
}

const OTHERWISE: readonly string[] = ["forbidden", "clear_session"];

function tokenOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "_csrf_token" in body ? body._csrf_token : undefined;
}
