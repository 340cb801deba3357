import { createSecretKey, type KeyObject, pbkdf2Sync } from "node:crypto";

export type Digest = "sha256" | "sha384" | "sha512";

export interface KeyOptions {
  readonly iterations: number;
  /** In bytes. */
  readonly length: number;
  readonly digest: Digest;
}

/** Salts are written in code, so there are few; a program that makes them up gets its oldest keys derived again. */
const KEYS_MAX = 1_000;

const keys = new Map<string, KeyObject>();

/**
 * The key that `Plug.Crypto.KeyGenerator` derives from a secret and a salt. Deriving is slow on purpose, so keys are kept, and as
 * objects: one of bytes is made into such an object at each use, which takes six times as long as signing a token.
 */
export function derivedKey(
  secret: string,
  salt: string,
  { iterations, length, digest }: KeyOptions,
): KeyObject {
  const name = `${digest} ${iterations} ${length} ${salt.length} ${salt}${secret}`;
  let key = keys.get(name);
  if (key === undefined) {
    if (keys.size >= KEYS_MAX) keys.delete(keys.keys().next().value!);
    key = createSecretKey(pbkdf2Sync(secret, salt, iterations, length, digest));
    keys.set(name, key);
  }
  return key;
}
