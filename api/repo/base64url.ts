const ALPHABET = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"];
/** By the code of a character, what it stands for; -1 for what is none of the alphabet. */
const SIX_BITS = Int8Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)));
/** What a decoder puts where bytes are no UTF-8. */
const REPLACEMENT = "\uFFFD";

/** `text` as base64url of its UTF-8. */
export function encodeBase64url(text: string): string {
  return encodeAscii(text) ?? Buffer.from(text).toString("base64url");
}

/** The text of which `encoded` is the base64url; undefined if there is none. */
export function decodeBase64url(encoded: string): string | undefined {
  return decodeAscii(encoded) ?? decodeBytes(encoded);
}

function decodeBytes(encoded: string): string | undefined {
  const bytes = Buffer.from(encoded, "base64url");
  const text = bytes.toString();
  // Buffer skips what is no base64url, and replaces what is no UTF-8, so that many would stand for one text.
  const isText = !text.includes(REPLACEMENT) || Buffer.from(text).equals(bytes);
  return isText && bytes.toString("base64url") === encoded ? text : undefined;
}

// Node's own is faster with much text. For the few characters of a cursor, between two queries, the way there costs more than what is
// done here.

/** Undefined if there is another character than those of ASCII. */
function encodeAscii(text: string): string | undefined {
  let encoded = "";
  let every = 0;
  const rest = text.length % 3;
  const end = text.length - rest;
  for (let at = 0; at < end; at += 3) {
    const [one, two, three] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2)];
    every |= one | two | three;
    encoded +=
      ALPHABET[(one >> 2) & 63]! +
      ALPHABET[((one << 4) | (two >> 4)) & 63]! +
      ALPHABET[((two << 2) | (three >> 6)) & 63]! +
      ALPHABET[three & 63]!;
  }
  if (rest > 0) {
    const one = text.charCodeAt(end);
    const two = rest === 2 ? text.charCodeAt(end + 1) : 0;
    every |= one | two;
    encoded += ALPHABET[(one >> 2) & 63]! + ALPHABET[((one << 4) | (two >> 4)) & 63]!;
    if (rest === 2) encoded += ALPHABET[(two << 2) & 63]!;
  }
  return every < 128 ? encoded : undefined;
}

/** Undefined if there is another character than those of ASCII in the text, or of the alphabet in what is given. */
function decodeAscii(encoded: string): string | undefined {
  let text = "";
  const rest = encoded.length % 4;
  const end = encoded.length - rest;
  for (let at = 0; at < end; at += 4) {
    const bits =
      (sixBits(encoded, at) << 18) |
      (sixBits(encoded, at + 1) << 12) |
      (sixBits(encoded, at + 2) << 6) |
      sixBits(encoded, at + 3);
    // Below zero if one of them is none, which the sign of -1 sees to.
    if (bits < 0 || (bits & 0x80_80_80) !== 0) return undefined;
    text += String.fromCharCode(bits >> 16, (bits >> 8) & 255, bits & 255);
  }
  if (rest === 0) return text;
  const third = rest === 3 ? sixBits(encoded, end + 2) : 0;
  const bits = (sixBits(encoded, end) << 12) | (sixBits(encoded, end + 1) << 6) | third;
  const unused = rest === 3 ? 0b11 : 0b11_11_11_11_11;
  if (rest === 1 || bits < 0 || (bits & (0x2_02_00 | unused)) !== 0) return undefined;
  return (
    text + (rest === 3 ? String.fromCharCode(bits >> 10, (bits >> 2) & 255) : String.fromCharCode(bits >> 10))
  );
}

function sixBits(encoded: string, at: number): number {
  return SIX_BITS[encoded.charCodeAt(at)] ?? -1;
}
