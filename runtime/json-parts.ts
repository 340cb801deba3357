/** Reads a JSON text that is not too long for it: the language's own `JSON.parse`. */
type NativeParse = (text: string) => unknown;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CLOSING_SQUARE = 0x5d;
const LETTER_U = 0x75;
/** What `[` and `{`, and `]` and `}`, differ in is this bit alone. */
const SQUARE_OR_CURLY = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;
/** `\uffff` */
const ESCAPE_LENGTH_MAX = 6;

/** So much of the text before a likely end of a part is looked at: elements are rarely longer. */
const WINDOW_LENGTH = 16_384;
/** After guesses that were wrong, nothing is guessed for so many times the limit at most. */
const DOUBT_MAX = 63;

type Container = unknown[] | Record<string, unknown>;

/**
 * Reads a JSON text as `native` does, and gives it no more than about `limit` characters at once. Between two parts there is plain
 * JavaScript, which can be terminated where native code can't. Answers what `native` would for the whole text, and throws a SyntaxError
 * where `native` does: of its own, for `native` would have to read all that stands before the fault to say what it is.
 */
export function parseInParts(text: string, limit: number, native: NativeParse): unknown {
  const parts = new JsonParts(text, limit, native);
  try {
    return parts.read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw noJson(parts.at);
  }
}

/**
 * A JSON text that is being read. What stands in `#values` is open: the brackets that are closed nowhere yet, the outermost first.
 *
 *     {"orders":[{"id":1},{"id":2},{"id":3,"lines":[ ...
 *                                  ^ at             #values: the object, its list of orders with two of them in it
 *
 * A part is a span of whole elements or members of the innermost: `[` or `{` before and the other behind, it is a text of its own. If
 * `native` takes that, the commas at its ends are commas of that container and no others, so it does not matter how they were found.
 * Mostly they are guessed; where a guess was wrong, a walk from `at` finds them.
 */
class JsonParts {
  readonly #text: string;
  readonly #limit: number;
  readonly #native: NativeParse;
  readonly #values: Container[] = [];
  /** Under which key each of them goes into the one around it; "" for a list. */
  readonly #keys: string[] = [];
  /** Where the innermost goes on: behind its bracket or a comma. */
  at = 0;
  /** Nothing is in the innermost yet. */
  #empty = true;
  /** Of a walk: the brackets that it has seen opened, and the last comma at each depth. */
  readonly #opened: number[] = [];
  readonly #commas: number[] = [];
  #doubt = 0;
  /** Before that place nothing is guessed. */
  #guessFrom = 0;

  constructor(text: string, limit: number, native: NativeParse) {
    this.#text = text;
    this.#limit = limit;
    this.#native = native;
  }

  read(): unknown {
    const text = this.#text;
    const from = blankEnd(text, 0);
    const to = blankStart(text, from, text.length);
    if (!isOpening(text.charCodeAt(from))) return this.#scalar(from, to);
    this.#enter(from, "");
    // What is outermost closes with the last character, or the text is at fault.
    for (;;) {
      if (this.#guess()) continue;
      const whole = this.#walk();
      if (whole === undefined) continue;
      if (this.at !== to) throw noJson(this.at);
      return whole;
    }
  }

  /** Reads a part up to a comma that looks like the right one. */
  #guess(): boolean {
    const end = this.at + this.#limit;
    if (end >= this.#text.length || this.at < this.#guessFrom) return false;
    const comma = likelyComma(this.#text, Math.max(this.at, end - WINDOW_LENGTH), end);
    if (comma === -1) return false;
    try {
      this.#append(comma);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#doubt = Math.min(2 * this.#doubt + 1, DOUBT_MAX);
      this.#guessFrom = this.at + this.#doubt * this.#limit;
      return false;
    }
    this.#doubt >>= 1;
    return true;
  }

  /** Walks on until a part can be read, and reads it. Answers what is outermost when that is closed. */
  #walk(): Container | undefined {
    const text = this.#text;
    const limit = this.#limit;
    const opened = this.#opened;
    const commas = this.#commas;
    const from = this.at;
    let depth = 0;
    commas[0] = -1;
    for (let i = from; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code === QUOTE) {
        i = stringEnd(text, i);
      } else if (code === COMMA) {
        if (i - from > limit) return this.#cut(depth, i);
        commas[depth] = i;
      } else if ((code | SQUARE_OR_CURLY) === OPENING) {
        if (i - from > limit && (depth > 0 || commas[0] !== -1)) return this.#cut(depth, -1);
        opened[depth] = i;
        depth += 1;
        commas[depth] = -1;
      } else if ((code | SQUARE_OR_CURLY) === CLOSING) {
        if (depth === 0) return this.#end(i);
        // Longer than the limit by what is short, or by a string.
        if (i - from > 2 * limit) return this.#cut(depth, -1);
        depth -= 1;
      }
    }
    throw noJson(this.at);
  }

  /** The walk has seen more than goes into a part, and stands at the comma `at`, or within an element if that is -1. */
  #cut(depth: number, at: number): undefined {
    if (this.#commas[0] !== -1) return this.#append(this.#commas[0]!);
    // One element, longer than the limit: all that is open in it is entered at once, lest the text be walked once for each depth.
    if (depth === 0) return this.#append(at);
    for (let inner = 0; inner < depth; inner += 1) {
      const bracket = this.#opened[inner]!;
      const key = this.#key();
      if (this.at !== bracket) throw noJson(this.at);
      this.#enter(bracket, key);
      const comma = this.#commas[inner + 1]!;
      if (comma !== -1) this.#append(comma);
    }
    return undefined;
  }

  /** The innermost container is closed at `bracket`. */
  #end(bracket: number): Container | undefined {
    const text = this.#text;
    if (bracket - this.at > this.#limit && this.#commas[0] !== -1) return this.#append(this.#commas[0]!);
    if (!this.#empty || blankEnd(text, this.at) !== bracket) this.#append(bracket);
    for (let at = bracket; ;) {
      const value = this.#values.pop()!;
      const key = this.#keys.pop()!;
      if ((text.charCodeAt(at) === CLOSING_SQUARE) !== Array.isArray(value)) throw noJson(this.at);
      this.at = at + 1;
      if (this.#values.length === 0) return value;
      add(this.#values.at(-1)!, key, value);
      at = blankEnd(text, at + 1);
      this.#empty = false;
      this.at = at + 1;
      const code = text.charCodeAt(at);
      if (code === COMMA) return undefined;
      if ((code | SQUARE_OR_CURLY) !== CLOSING) throw noJson(this.at);
    }
  }

  #enter(bracket: number, key: string): void {
    this.#values.push(this.#text.charCodeAt(bracket) === (OPENING ^ SQUARE_OR_CURLY) ? [] : {});
    this.#keys.push(key);
    this.at = bracket + 1;
    this.#empty = true;
  }

  /** Reads what stands before `end`, a comma or the closing bracket: one part, or one element of any length. */
  #append(end: number): undefined {
    const container = this.#values.at(-1)!;
    if (end - this.at > 2 * this.#limit) {
      const key = this.#key();
      add(container, key, this.#scalar(this.at, blankStart(this.#text, this.at, end)));
    } else if (Array.isArray(container)) {
      const part = this.#native(`[${this.#text.slice(this.at, end)}]`) as unknown[];
      // Nothing stands between two commas.
      if (part.length === 0) throw noJson(this.at);
      if (this.#empty) this.#values[this.#values.length - 1] = part;
      else addElements(container, part);
    } else {
      const part = this.#native(`{${this.#text.slice(this.at, end)}}`) as Record<string, unknown>;
      const keys = Object.keys(part);
      if (keys.length === 0) throw noJson(this.at);
      if (this.#empty) this.#values[this.#values.length - 1] = part;
      else for (const key of keys) add(container, key, part[key]);
    }
    this.at = end + 1;
    this.#empty = false;
  }

  /** Goes on to the value of the next element or member. Answers its key: "" in a list. */
  #key(): string {
    const text = this.#text;
    const from = blankEnd(text, this.at);
    this.at = from;
    if (Array.isArray(this.#values.at(-1))) return "";
    if (text.charCodeAt(from) !== QUOTE) throw noJson(this.at);
    const end = stringEnd(text, from) + 1;
    const colon = blankEnd(text, end);
    if (text.charCodeAt(colon) !== COLON) throw noJson(this.at);
    this.at = blankEnd(text, colon + 1);
    return this.#scalar(from, end) as string;
  }

  /** A value that goes into nobody's part: a string of any length, or what is short. */
  #scalar(from: number, to: number): unknown {
    const text = this.#text;
    if (to - from <= this.#limit || text.charCodeAt(from) !== QUOTE)
      return this.#native(text.slice(from, to));
    if (stringEnd(text, from) !== to - 1) throw noJson(this.at);
    let value = "";
    for (let at = from + 1; at < to - 1;) {
      const end = at + this.#limit < to - 1 ? escapeStart(text, at, at + this.#limit) : to - 1;
      value += this.#native(`"${text.slice(at, end)}"`) as string;
      at = end;
    }
    return value;
  }
}

/** Without a code, as the language's own. */
function noJson(at: number): SyntaxError {
  return new SyntaxError(`The text is no JSON, at position ${at} or behind`);
}

function add(container: Container, key: string, value: unknown): void {
  if (Array.isArray(container)) container[container.length] = value;
  // Not by an assignment: it would call `__proto__`, and any other setter that objects inherit.
  else if (key in container)
    Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
  else container[key] = value;
}

function addElements(list: unknown[], part: readonly unknown[]): void {
  let length = list.length;
  for (let i = 0; i < part.length; i += 1) {
    list[length] = part[i];
    length += 1;
  }
}

function isOpening(code: number): boolean {
  return (code | SQUARE_OR_CURLY) === OPENING;
}

function blankStart(text: string, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

/** `end`, or what is next to it and not in the middle of an escape. `from` is in the middle of none. */
function escapeStart(text: string, from: number, end: number): number {
  let last = end - 1;
  while (last > from && end - last < ESCAPE_LENGTH_MAX && text.charCodeAt(last) !== BACKSLASH) last -= 1;
  if (text.charCodeAt(last) !== BACKSLASH) return end;
  let first = last;
  while (first > from && text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  const escapes = ((last - first) & 1) === 0;
  const length = text.charCodeAt(last + 1) === LETTER_U ? ESCAPE_LENGTH_MAX : 2;
  if (!escapes || end >= last + length) return end;
  return last > from ? last : last + length;
}

/**
 * Where between `from` and `to` an element of the innermost container may end: the last comma that is no deeper in brackets than any
 * other there; -1 if there is none.
 */
function likelyComma(text: string, from: number, to: number): number {
  const comma = shallowestComma(text, from, to);
  // The other way round: what was taken for the inside of strings is what is between them.
  return comma === undefined ? (shallowestComma(text, stringEnd(text, from - 1) + 1, to) ?? -1) : comma;
}

/** Undefined if `from` must be inside of a string. */
function shallowestComma(text: string, from: number, to: number): number | undefined {
  let [comma, depth, shallowest] = [-1, 0, Number.POSITIVE_INFINITY];
  for (let i = from; i < to; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      if (i > from && !mayOpenString(text.charCodeAt(i - 1))) return undefined;
      i = stringEnd(text, i);
    } else if (code === COMMA) {
      if (depth > shallowest) continue;
      shallowest = depth;
      comma = i;
    } else if ((code | SQUARE_OR_CURLY) === OPENING) {
      depth += 1;
    } else if ((code | SQUARE_OR_CURLY) === CLOSING) {
      depth -= 1;
    }
  }
  return comma;
}

function mayOpenString(before: number): boolean {
  return before === COMMA || before === COLON || isBlank(before) || isOpening(before);
}

/** What may stand between tokens. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function blankEnd(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** Where the string that is opened at `quote` is closed; the end of the text if it is not. */
function stringEnd(text: string, quote: number): number {
  for (let at = quote; ;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    let first = at;
    while (text.charCodeAt(first - 1) === BACKSLASH && first - 1 > quote) first -= 1;
    if (((at - first) & 1) === 0) return at;
  }
}
