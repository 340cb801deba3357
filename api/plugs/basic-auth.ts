import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";

/** Whom `basicAuth` lets pass: `Plug.BasicAuth`. */
export interface BasicAuthOptions {
  readonly username: string;
  readonly password: string;
  /** What the browser tells the user where the name is asked for. Default: `"Application"`. */
  readonly realm?: string;
}

const SECURITY = { name: "basicAuth", scheme: { type: "http", scheme: "basic" } } as const;

/** RFC 7617. */
const BASIC = /^basic +([\w+/-]+=*) *$/i;
const REALM = /^[^"\\\u0000-\u001f\u007f-\uffff]*$/;

/**
 * Lets pass whoever knows the one name and password, which is compared in the same time however wrong it is; the others are
 * answered with 401, and browsers ask their users. For what a few people look at, over TLS. `Plug.BasicAuth`.
 */
export function basicAuth({ username, password, realm = "Application", ...unknown }: BasicAuthOptions): Plug {
  for (const name of Object.keys(unknown)) refuse("only known names", name);
  if (typeof username !== "string" || username.includes(":")) refuse("a username without colons", username);
  if (typeof password !== "string" || password === "") refuse("a password", typeof password);
  if (!REALM.test(realm)) refuse("a realm without quotes", realm);
  const expected = digest(`${username}:${password}`);
  const challenge = `Basic realm="${realm}"`;

  const requireAuth = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const given = credentials(request);
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
    reply.header("www-authenticate", challenge);
    return { error: "unauthorized" };
  };
  return Object.assign(requireAuth, { security: SECURITY, refuses: [401] });
}

function credentials({ headers }: FastifyRequest): string | undefined {
  const encoded = BASIC.exec(headers.authorization ?? "")?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString();
}

/** Of one length, so that they can be compared whatever their length. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_PLUG_OPTION", expected, "basicAuth", got);
}
