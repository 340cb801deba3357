import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Clock } from "../runtime/index.ts";
import { channelsError } from "./errors.ts";
import { decodeTerm } from "./token/decode-term.ts";
import { derivedKey, type Digest, type KeyOptions } from "./token/derived-key.ts";
import { encodeTerm } from "./token/encode-term.ts";
import { decryptMessage, ENCRYPTION_KEY_BYTES, encryptMessage } from "./token/message-encryptor.ts";
import { Tuple, tuple } from "./token/tuple.ts";

interface TokenOptions {
  readonly keyIterations?: number;
  /** In bytes. */
  readonly keyLength?: number;
  readonly keyDigest?: Digest;
  /** Whose time counts: `runtime.clock`. */
  readonly clock: Pick<Clock, "systemTimeMs">;
}

export interface SignOptions extends TokenOptions {
  /** In seconds since 1970; now if left out. */
  readonly signedAt?: number;
  /** For how many seconds the token is good, unless `verify` says otherwise; a day if left out. */
  readonly maxAge?: number;
}

export interface VerifyOptions extends TokenOptions {
  /** For how many seconds after its signing the token is taken: has the last word over what `sign` said. */
  readonly maxAge?: number;
}

/**
 * What `verify` and `decrypt` answer: what was signed, or why the token is not good: too old, not of this key and salt, or none at
 * all. `Phoenix.Token.verify/4`.
 */
export type VerifyResult =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly reason: "expired" | "invalid" | "missing" };

const MAX_AGE_S = 86_400;
const SECRET_BYTES_MIN = 20;
const KEY_BYTES_MIN = 20;
const INFINITY = Symbol.for("infinity");
const ALGORITHM = Buffer.from("HS256").toString("base64url");
const DIGESTS: ReadonlyMap<string, Digest> = new Map([
  [ALGORITHM, "sha256"],
  [Buffer.from("HS384").toString("base64url"), "sha384"],
  [Buffer.from("HS512").toString("base64url"), "sha512"],
]);

/**
 * Tokens that clients carry and can't change: `Phoenix.Token`, byte for byte, so those of a Phoenix application with the same
 * secret and salt are taken and the other way round. What `sign` makes everybody can read; what `encrypt` makes nobody can.
 *
 * Data is plain: numbers, strings, bytes, null, booleans, arrays, objects with string keys; for what only Erlang has there are
 * `Symbol.for("ok")` (an atom), `tuple(...)`, and Map (a map with other keys than strings).
 */
export const Token: {
  /**
   * Signs `data` for `salt`, which says what the token is for: one made for `"user socket"` is no good elsewhere. Throws
   * ROOKERY_SECRET for a secret under 20 bytes and ROOKERY_TERM for data that is not plain.
   */
  sign(secretKeyBase: string, salt: string, data: unknown, options: SignOptions): string;
  /**
   * The data of a token, or why it is refused: `"missing"` (undefined or null), `"invalid"` (changed, made with another
   * secret or salt, signed in the future, unless its age doesn't matter), `"expired"`. Whatever a client sends as a token, it
   * throws nothing, and nothing inside is looked at before the signature is right. Takes the same time for any wrong signature.
   * @example
   * ```ts doctest
   * const { clock } = runtime;
   * const token = Token.sign("a secret of twenty bytes", "user socket", { user_id: 7 }, { clock });
   * const result = Token.verify("a secret of twenty bytes", "user socket", token, { clock, maxAge: 60 });
   * result.ok && result.data.user_id; // => 7
   * Token.verify("a secret of twenty bytes", "another salt", token, { clock }); // => { ok: false, reason: "invalid" }
   * ```
   */
  verify(
    secretKeyBase: string,
    salt: string,
    token: string | null | undefined,
    options: VerifyOptions,
  ): VerifyResult;
  /** As `sign`, and nobody without the secret can read it. A keyLength must be 32. */
  encrypt(secretKeyBase: string, salt: string, data: unknown, options: SignOptions): string;
  /**
   * As `verify`, for what `encrypt` has made.
   * @example
   * ```ts doctest
   * const { clock } = runtime;
   * const token = Token.encrypt("a secret of twenty bytes", "reset link", { email: "a@b.c" }, { clock });
   * const result = Token.decrypt("a secret of twenty bytes", "reset link", token, { clock });
   * result.ok && result.data.email; // => "a@b.c"
   * Token.decrypt("a secret of twenty bytes", "reset link", "XCP.x", { clock }); // => { ok: false, reason: "invalid" }
   * ```
   */
  decrypt(
    secretKeyBase: string,
    salt: string,
    token: string | null | undefined,
    options: VerifyOptions,
  ): VerifyResult;
} = {
  sign(secretKeyBase, salt, data, options) {
    check(options);
    const signed = `${ALGORITHM}.${packed(data, options).toString("base64url")}`;
    return `${signed}.${signature(signed, keyOf(secretKeyBase, salt, options), "sha256")}`;
  },

  verify(secretKeyBase, salt, token, options) {
    check(options);
    const key = keyOf(secretKeyBase, salt, options);
    if (token === undefined || token === null) return { ok: false, reason: "missing" };
    return unpacked(typeof token === "string" ? verifiedBytes(token, key) : undefined, options);
  },

  encrypt(secretKeyBase, salt, data, options) {
    checkEncryption(options);
    return encryptMessage(packed(data, options), keyOf(secretKeyBase, salt, options));
  },

  decrypt(secretKeyBase, salt, token, options) {
    checkEncryption(options);
    const key = keyOf(secretKeyBase, salt, options);
    if (token === undefined || token === null) return { ok: false, reason: "missing" };
    return unpacked(typeof token === "string" ? decryptMessage(token, key) : undefined, options);
  },
};

function packed(data: unknown, options: SignOptions): Buffer {
  const { signedAt, maxAge = MAX_AGE_S } = options;
  const signedAtMs = signedAt === undefined ? nowMs(options) : Math.trunc(signedAt * 1_000);
  return encodeTerm(tuple(data, signedAtMs, maxAge === Number.POSITIVE_INFINITY ? INFINITY : maxAge));
}

function unpacked(bytes: Buffer | undefined, options: VerifyOptions): VerifyResult {
  const content = bytes === undefined ? undefined : contentOf(bytes);
  if (content === undefined) return { ok: false, reason: "invalid" };
  const { data, signedAtMs } = content;
  const maxAge = options.maxAge ?? content.maxAge;
  if (maxAge === Number.POSITIVE_INFINITY) return { ok: true, data };
  if (maxAge <= 0) return { ok: false, reason: "expired" };
  const now = nowMs(options);
  if (signedAtMs > now) return { ok: false, reason: "invalid" };
  if (signedAtMs + Math.trunc(maxAge * 1_000) < now) return { ok: false, reason: "expired" };
  return { ok: true, data };
}

/** A wrong option must not make tokens that never expire, or that nobody can read. */
function check(options: SignOptions & VerifyOptions): void {
  const {
    clock,
    signedAt = 0,
    maxAge = 0,
    keyIterations = 1,
    keyLength = 32,
    keyDigest = "sha256",
  } = options;
  if (typeof clock?.systemTimeMs !== "function") refuse("a clock", clock);
  if (!Number.isFinite(signedAt)) refuse("a signedAt in seconds", signedAt);
  if (typeof maxAge !== "number" || Number.isNaN(maxAge)) refuse("a maxAge in seconds, or Infinity", maxAge);
  if (!Number.isInteger(keyIterations) || keyIterations < 1)
    refuse("keyIterations of at least 1", keyIterations);
  if (!Number.isInteger(keyLength) || keyLength < KEY_BYTES_MIN)
    refuse(`a keyLength of at least ${KEY_BYTES_MIN}`, keyLength);
  if (![...DIGESTS.values()].includes(keyDigest))
    refuse("a keyDigest of sha256, sha384 or sha512", keyDigest);
}

function checkEncryption(options: SignOptions & VerifyOptions): void {
  check(options);
  const { keyLength = ENCRYPTION_KEY_BYTES } = options;
  if (keyLength !== ENCRYPTION_KEY_BYTES) {
    refuse(`a keyLength of ${ENCRYPTION_KEY_BYTES}, if any, for encryption`, keyLength);
  }
}

function refuse(expected: string, got: unknown): never {
  throw channelsError("ROOKERY_TOKEN_OPTION", expected, got);
}

function nowMs({ clock }: TokenOptions): number {
  return Math.trunc(clock.systemTimeMs());
}

function keyOf(secretKeyBase: string, salt: string, options: TokenOptions): KeyObject {
  if (typeof secretKeyBase !== "string" || Buffer.byteLength(secretKeyBase) < SECRET_BYTES_MIN) {
    throw channelsError(
      "ROOKERY_SECRET",
      typeof secretKeyBase === "string" ? "a shorter one" : typeof secretKeyBase,
    );
  }
  const { keyIterations: iterations = 1_000, keyLength: length = 32, keyDigest: digest = "sha256" } = options;
  return derivedKey(secretKeyBase, salt, { iterations, length, digest } satisfies KeyOptions);
}

function signature(signed: string, key: KeyObject, digest: Digest): string {
  return createHmac(digest, key).update(signed).digest("base64url");
}

interface Content {
  readonly data: unknown;
  readonly signedAtMs: number;
  readonly maxAge: number;
}

/** What a token holds, if its signature is right. Compared as text: there is one spelling of a signature only. */
function verifiedBytes(token: string, key: KeyObject): Buffer | undefined {
  const [algorithm = "", content = "", given = "", ...rest] = token.split(".");
  const digest = DIGESTS.get(algorithm);
  if (digest === undefined || rest.length > 0) return undefined;
  const expected = Buffer.from(signature(`${algorithm}.${content}`, key, digest));
  const actual = Buffer.from(given);
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined;
  return Buffer.from(content, "base64url");
}

/**
 * The term inside: `{data, signedAtMs, maxAge}`; of old `{data, signedAtMs}`, and before that a map of both. What the secret's
 * owner signed may still be no term.
 */
function contentOf(bytes: Buffer): Content | undefined {
  let term: unknown;
  try {
    term = decodeTerm(bytes);
  } catch {
    return undefined;
  }
  const elements =
    term instanceof Map ? [term.get(Symbol.for("data")), term.get(Symbol.for("signed"))] : elementsOf(term);
  if (elements.length !== 2 && elements.length !== 3) return undefined;
  const [data, signedAtMs, age = MAX_AGE_S] = elements;
  const maxAge = age === INFINITY ? Number.POSITIVE_INFINITY : age;
  if (typeof signedAtMs !== "number" || typeof maxAge !== "number") return undefined;
  return { data, signedAtMs, maxAge };
}

function elementsOf(term: unknown): readonly unknown[] {
  return term instanceof Tuple ? term.elements : [];
}
