import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";

/** What stands before the bytes: the name that plug_crypto gave XChaCha20-Poly1305. */
const XCHACHA = "XCP.";
/** What tokens of plug_crypto 1 begin with: A128GCM. */
const AES_GCM = `${Buffer.from("A128GCM").toString("base64url")}.`;
/** Authenticated with what is encrypted; it kept this text when the algorithm became another. */
const AAD = Buffer.from("A128GCM");

const IV_BYTES = 24;
const TAG_BYTES = 16;
const GCM_IV_BYTES = 12;

/** The only size of key that XChaCha20 has. */
export const ENCRYPTION_KEY_BYTES = 32;

/** Encrypts and authenticates bytes with a key of 32 bytes: `XCP.` and the base64 of iv, tag, encrypted bytes. */
export function encryptMessage(message: Uint8Array, key: KeyObject): string {
  const iv = randomBytes(IV_BYTES);
  const { subkey, nonce } = subkeyOf(key, iv);
  const cipher = createCipheriv("chacha20-poly1305", subkey, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(AAD, { plaintextLength: message.length });
  const encrypted = Buffer.concat([cipher.update(message), cipher.final()]);
  return XCHACHA + Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString("base64url");
}

/** The bytes, or undefined for whatever was not made by `encryptMessage` with this key. */
export function decryptMessage(token: string, key: KeyObject): Buffer | undefined {
  if (token.startsWith(XCHACHA)) return decryptXChaCha(token.slice(XCHACHA.length), key);
  if (token.startsWith(AES_GCM)) return decryptAesGcm(token.slice(AES_GCM.length).split("."), key);
  return undefined;
}

function decryptXChaCha(text: string, key: KeyObject): Buffer | undefined {
  const bytes = decoded(text);
  if (bytes === undefined || bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const { subkey, nonce } = subkeyOf(key, bytes.subarray(0, IV_BYTES));
  const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
  return opened("chacha20-poly1305", subkey, nonce, AAD, bytes.subarray(IV_BYTES + TAG_BYTES), tag);
}

/** Made by plug_crypto 1: the bytes under a key of their own, which comes along under ours. */
function decryptAesGcm(parts: readonly string[], key: KeyObject): Buffer | undefined {
  const [wrapped, iv, encrypted, tag, ...rest] = parts.map(decoded);
  if (wrapped === undefined || iv?.length !== GCM_IV_BYTES || encrypted === undefined) return undefined;
  if (tag?.length !== TAG_BYTES || rest.length > 0) return undefined;
  const size = wrapped.length - TAG_BYTES - GCM_IV_BYTES;
  if (size !== 16 && size !== 24 && size !== 32) return undefined;
  const wrappedTag = wrapped.subarray(size, size + TAG_BYTES);
  const wrappedIv = wrapped.subarray(size + TAG_BYTES);
  const none = Buffer.alloc(0);
  const own = opened("aes-256-gcm", key, wrappedIv, none, wrapped.subarray(0, size), wrappedTag);
  if (own === undefined) return undefined;
  const algorithm = size === 16 ? "aes-128-gcm" : size === 24 ? "aes-192-gcm" : "aes-256-gcm";
  return opened(algorithm, own, iv, AAD, encrypted, tag);
}

type Algorithm = "chacha20-poly1305" | "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm";

function opened(
  algorithm: Algorithm,
  key: Buffer | KeyObject,
  iv: Buffer,
  aad: Buffer,
  encrypted: Buffer,
  tag: Buffer,
): Buffer | undefined {
  // The types know the modes by their names, which differ only in the size of the key.
  const decipher = createDecipheriv(algorithm as "aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad, { plaintextLength: encrypted.length });
  decipher.setAuthTag(tag);
  const message = decipher.update(encrypted);
  try {
    return Buffer.concat([message, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Only one spelling is taken: Buffer.from would skip over what is no base64. */
function decoded(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

/**
 * The first 16 bytes of the iv make a key for this message alone (HChaCha20), the last 8 are its nonce. HChaCha20 is the inside
 * of a ChaCha20 block, without what the block adds in the end:
 *
 * ```text
 *   block       = rounds(state) + state        state = "expand 32-byte k" | key | the 16 bytes
 *   HChaCha20   = rounds(state)                its words 0 to 3 and 12 to 15
 * ```
 *
 * So it is a block of the platform's ChaCha20, over zeros, less the words of the state.
 */
function subkeyOf(key: KeyObject, iv: Buffer): { readonly subkey: Buffer; readonly nonce: Buffer } {
  const start = iv.subarray(0, 16);
  const block = createCipheriv("chacha20", key, start).update(Buffer.alloc(64));
  const ends = Buffer.concat([block.subarray(0, 16), block.subarray(48)]);
  const state = Buffer.concat([Buffer.from("expand 32-byte k"), start]);
  const subkey = Buffer.alloc(ENCRYPTION_KEY_BYTES);
  for (let at = 0; at < subkey.length; at += 4) {
    subkey.writeUInt32LE((ends.readUInt32LE(at) - state.readUInt32LE(at)) >>> 0, at);
  }
  return { subkey, nonce: Buffer.concat([Buffer.alloc(4), iv.subarray(16)]) };
}
