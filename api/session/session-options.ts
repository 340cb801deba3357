import { apiError } from "../errors.ts";

const SAME_SITE = ["strict", "lax", "none"] as const;
/** RFC 6265: `token`. */
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const SALT_BYTES_MIN = 8;
const SECRET_BYTES_MIN = 20;

/** One of the two salts is needed. They say what the keys are for that are derived from the endpoint's `secretKeyBase`. */
export interface SessionOptions {
  /** The name of the cookie. */
  readonly key: string;
  /** For a cookie that its owner can read and can't change: at least 8 bytes. */
  readonly signingSalt?: string;
  /** For a cookie that its owner can't even read: at least 8 bytes. */
  readonly encryptionSalt?: string;
  /** What the `secretKeyBase` was before: such cookies are taken, and made anew. */
  readonly previousSecretKeyBases?: readonly string[];
  /** In seconds after it was last written, for the browser and for us. Default: until the browser ends, and no end for us. */
  readonly maxAge?: number;
  /** Default: true, scripts of pages don't see it. */
  readonly httpOnly?: boolean;
  /** Whether browsers send it over TLS only. Default: `"auto"`, if it was made over TLS. */
  readonly secure?: boolean | "auto";
  /** With which requests of other sites browsers send it. Default: `"lax"`, when the user comes over from there. */
  readonly sameSite?: (typeof SAME_SITE)[number];
  /** Default: `"/"`. */
  readonly path?: string;
  /** Default: the host of the request, without those below it. */
  readonly domain?: string;
}

export interface CompleteSessionOptions {
  readonly key: string;
  readonly salt: string;
  readonly encrypted: boolean;
  readonly previousSecretKeyBases: readonly string[];
  /** Infinity for no end. */
  readonly maxAge: number;
  readonly secure: boolean | "auto";
  /** The attributes of the cookie that are always the same. */
  readonly attributes: {
    readonly httpOnly: boolean;
    readonly sameSite: (typeof SAME_SITE)[number];
    readonly path: string;
    readonly domain?: string;
    readonly maxAge?: number;
  };
}

/** Checks and completes the options of a session. Throws ROOKERY_PLUG_OPTION. */
export function completeSessionOptions(options: SessionOptions): CompleteSessionOptions {
  const { key, signingSalt, encryptionSalt, previousSecretKeyBases = [], maxAge, ...cookie } = options;
  const { httpOnly = true, secure = "auto", sameSite = "lax", path = "/", domain, ...unknown } = cookie;
  for (const name of Object.keys(unknown)) refuse("only known names", name);
  if (typeof key !== "string" || !COOKIE_NAME.test(key)) refuse("a key, the name of the cookie,", key);
  const salt = encryptionSalt ?? signingSalt;
  if (typeof salt !== "string" || Buffer.byteLength(salt) < SALT_BYTES_MIN)
    refuse(`a signingSalt or an encryptionSalt of at least ${SALT_BYTES_MIN} bytes`, salt);
  if (previousSecretKeyBases.some((secret) => Buffer.byteLength(secret) < SECRET_BYTES_MIN))
    refuse(`previousSecretKeyBases of at least ${SECRET_BYTES_MIN} bytes`, "a shorter one");
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge > 0))
    refuse("a maxAge in whole seconds", maxAge);
  if (!SAME_SITE.includes(sameSite)) refuse(`a sameSite of ${SAME_SITE.join(", ")}`, sameSite);
  if (sameSite === "none" && secure !== true)
    refuse("secure: true beside sameSite none, which browsers take over TLS only,", secure);
  // Browsers would drop it without a word: RFC 6265bis, 4.1.3.
  if (/^__(Host|Secure)-/i.test(key) && secure === false) refuse(`secure beside the key ${key}`, secure);
  if (/^__Host-/i.test(key) && (path !== "/" || domain !== undefined))
    refuse(`path / and no domain beside the key ${key}`, domain ?? path);
  return Object.freeze({
    key,
    salt,
    encrypted: encryptionSalt !== undefined,
    previousSecretKeyBases,
    maxAge: maxAge ?? Number.POSITIVE_INFINITY,
    secure,
    attributes: Object.freeze({
      httpOnly,
      sameSite,
      path,
      ...(domain === undefined ? {} : { domain }),
      ...(maxAge === undefined ? {} : { maxAge }),
    }),
  });
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_PLUG_OPTION", expected, "session", got);
}
