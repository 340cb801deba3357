/** Assertions have messages of many lines; what repeats a run shall be found, and copied, as one. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
