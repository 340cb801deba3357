/** What nodes that are about to be connected, or are, say to each other. */
export interface LinkFrame {
  /** Whether it carries something, or only says how things stand. */
  readonly carries: boolean;
  /** In which start the sender is, and in which it believes the receiver to be. */
  readonly incarnation: string;
  readonly to: string;
  /** The number of the connection at the sender, and, if it knows that, at the receiver; 0 if it doesn't. */
  readonly mine: number;
  readonly yours: number;
  /** So many have carried something through the connection, this one included. */
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

const SIZE_BYTES = 1;
const NUMBER_BYTES = 6;
const NUMBERS = 3;

/**
 * What is not said by the kind of frame in which it stands.
 *
 * ```text
 *   [ size | incarnation | size | to | mine | yours | sequence | bytes ]
 *     1                    1           6      6       6
 * ```
 */
export function encodeLinkFrame(frame: LinkFrame): Buffer {
  const { incarnation, to, mine, yours, sequence, bytes } = frame;
  const texts = [Buffer.from(incarnation), Buffer.from(to)];
  const head = texts.reduce((sum, { length }) => sum + SIZE_BYTES + length, NUMBERS * NUMBER_BYTES);
  const encoded = Buffer.allocUnsafe(head + bytes.length);
  let at = 0;
  for (const text of texts) {
    encoded[at] = text.length;
    encoded.set(text, at + SIZE_BYTES);
    at += SIZE_BYTES + text.length;
  }
  for (const number of [mine, yours, sequence]) at = encoded.writeUIntBE(number, at, NUMBER_BYTES);
  encoded.set(bytes, at);
  return encoded;
}

/** Undefined for what is none. */
export function decodeLinkFrame(carries: boolean, encoded: Buffer): LinkFrame | undefined {
  let at = 0;
  const text = (): string => {
    const start = at + SIZE_BYTES;
    at = start + (encoded[at] ?? 0);
    return encoded.toString("utf8", start, at);
  };
  const number = (): number => {
    at += NUMBER_BYTES;
    return encoded.readUIntBE(at - NUMBER_BYTES, NUMBER_BYTES);
  };
  const [incarnation, to] = [text(), text()];
  if (at + NUMBERS * NUMBER_BYTES > encoded.length) return undefined;
  const [mine, yours, sequence] = [number(), number(), number()];
  return { carries, incarnation, to, mine, yours, sequence, bytes: encoded.subarray(at) };
}
