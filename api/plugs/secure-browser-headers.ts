import { validateHeaderName, validateHeaderValue } from "node:http";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";

const POLICY = "content-security-policy";
const DEFAULT_POLICY = "base-uri 'self'; frame-ancestors 'self';";
const DEFAULTS: Readonly<Record<string, string>> = {
  "referrer-policy": "strict-origin-when-cross-origin",
  "x-content-type-options": "nosniff",
  "x-permitted-cross-domain-policies": "none",
};

/**
 * Tells browsers to guess no types, to show nothing of this in the frames of others, and to tell others no paths. `headers` adds
 * more and replaces these. A `content-security-policy` that is there already stays, unless `headers` has one. `Phoenix.Controller.put_secure_browser_headers/2`, with the defaults of Phoenix 1.8.
 */
export function putSecureBrowserHeaders(headers: Readonly<Record<string, string>> = {}): Plug {
  const all = { ...DEFAULTS };
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw apiError("ROOKERY_PLUG_OPTION", "headers that can be sent", "putSecureBrowserHeaders", name);
    }
    all[name.toLowerCase()] = value;
  }
  return (_request, reply) => {
    if (!reply.hasHeader(POLICY)) reply.header(POLICY, DEFAULT_POLICY);
    reply.headers(all);
  };
}
