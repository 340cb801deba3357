import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify<string, Buffer, number, ScryptCost, Buffer>(scrypt);

interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** About a fifth of a second of one core, and 16 MiB. */
const COST: ScryptCost = { N: 2 ** 14, r: 8, p: 5 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** What is compared with when there is no user: no password has this hash. */
const NOBODY = Buffer.alloc(KEY_BYTES);

/** The hash of a password: `scrypt$N$r$p$salt$key`, so that the cost can rise and old hashes still be verified. Works off this thread. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password.normalize("NFKC"), salt, KEY_BYTES, COST);
  const { N, r, p } = COST;
  return ["scrypt", N, r, p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** Whether `hash` is one of `password`. Takes the same time when there is no hash, so that nobody learns which users exist. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = "", key = ""] = hash?.split("$") ?? [];
  const cost = hash === undefined ? COST : { N: Number(N), r: Number(r), p: Number(p) };
  const expected = hash === undefined ? NOBODY : Buffer.from(key, "base64url");
  const actual = await derive(password.normalize("NFKC"), Buffer.from(salt, "base64url"), KEY_BYTES, cost);
  return timingSafeEqual(actual, expected) && hash !== undefined;
}
