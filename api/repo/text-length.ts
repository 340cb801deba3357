/** What a length of text counts: what a reader sees as one character, code points, or bytes in UTF-8. */
export type TextUnit = "graphemes" | "codepoints" | "bytes";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * The length of `text`, or some number above `max` if it is longer: counting stops there, so that a text of
 * megabytes from a client costs no more than a valid one.
 */
export function textLength(text: string, unit: TextUnit, max: number): number {
  if (unit === "bytes") return Buffer.byteLength(text);
  // Each of these characters is one code point and one grapheme; most texts have no others.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let length = 0;
  const parts = unit === "codepoints" ? text : graphemes.segment(text);
  for (const _ of parts) {
    length += 1;
    if (length > max) break;
  }
  return length;
}
