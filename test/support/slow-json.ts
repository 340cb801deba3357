const ROWS = 20_000;
const GROWTH_MAX = 8;

/** JSON that takes long for its length: few of its objects have the same keys. */
export function slowJson(copies: number): string {
  const rows = Array.from({ length: ROWS }, (_, id) => `{"key ${id}":${id},"id":${id}}`).join(",");
  return `[${`${rows},`.repeat(copies - 1)}${rows}]`;
}

/** How many copies it takes until `JSON.parse` reads for `ms`, and how long it has read them then: however fast the machine is. */
export function copiesFor(ms: number): { readonly copies: number; readonly nativeMs: number } {
  for (let copies = 1; ;) {
    const text = slowJson(copies);
    const startedMs = performance.now();
    JSON.parse(text);
    const nativeMs = performance.now() - startedMs;
    if (nativeMs >= ms) return { copies, nativeMs };
    copies = Math.ceil(copies * Math.min(GROWTH_MAX, (1.2 * ms) / nativeMs));
  }
}
