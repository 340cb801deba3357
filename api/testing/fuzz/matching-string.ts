import type { SeededRandom } from "../../../runtime/testing.ts";

/** What `*`, `+` and `{2,}` repeat at most beyond what they must. */
const REPEATS_MAX = 4;

type Pick = (random: SeededRandom) => string;

const ANY = characters([0x20, 0x7e]);
const LETTERS = characters([0x41, 0x5a], [0x61, 0x7a]);
const CLASSES: Readonly<Record<string, readonly number[]>> = {
  d: characters([0x30, 0x39]),
  w: characters([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]),
  s: characters([0x20, 0x20]),
};
const CONTROLS: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v", 0: "\0" };

/**
 * A string that `pattern`, a valid regular expression, is likely to match. Groups that look ahead or behind and backward
 * references are passed over, so the caller looks whether it does match, and asks again if it does not.
 */
export function matchingString(pattern: string, random: SeededRandom): string {
  return new PatternReader(pattern).alternatives()(random);
}

class PatternReader {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  alternatives(): Pick {
    const options = [this.#sequence()];
    while (this.#takes("|")) options.push(this.#sequence());
    return (random) => options[random.below(options.length)]!(random);
  }

  #sequence(): Pick {
    const parts: Pick[] = [];
    while (this.#at < this.#pattern.length && !"|)".includes(this.#pattern[this.#at]!))
      parts.push(this.#repeated(this.#atom()));
    return (random) => parts.map((part) => part(random)).join("");
  }

  #atom(): Pick {
    const char = this.#next();
    if (char === "^" || char === "$") return () => "";
    if (char === ".") return oneOf(ANY);
    if (char === "[") return oneOf(this.#class());
    if (char === "\\") return this.#escape();
    if (char !== "(") return () => char;
    const silent = this.#takes("?=") || this.#takes("?!") || this.#takes("?<=") || this.#takes("?<!");
    if (!silent && this.#takes("?")) while (!":>".includes(this.#next()));
    const group = this.alternatives();
    this.#takes(")");
    return silent ? () => "" : group;
  }

  #repeated(atom: Pick): Pick {
    const bounds = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#pattern.slice(this.#at));
    if (bounds === null) return atom;
    this.#at += bounds[0].length;
    const [, sign, low, comma, high] = bounds;
    const min = sign === undefined ? Number(low) : sign === "+" ? 1 : 0;
    let max = min + REPEATS_MAX;
    if (sign === "?") max = 1;
    else if (sign === undefined && comma === "") max = min;
    else if (high !== undefined && high !== "") max = Number(high);
    return (random) => {
      const times = min + random.below(max - min + 1);
      return Array.from({ length: times }, () => atom(random)).join("");
    };
  }

  #escape(): Pick {
    const char = this.#next();
    if (char === "b" || char === "B" || /[1-9]/.test(char)) return () => "";
    return oneOf(this.#escaped(char));
  }

  /** The characters for which the escape `\char` stands. */
  #escaped(char: string): readonly number[] {
    const known = CLASSES[char.toLowerCase()];
    if (known !== undefined) return char === char.toLowerCase() ? known : except(known);
    if (char === "p" || char === "P") {
      // Of the properties of Unicode it knows letters and numbers only.
      const isNumber = this.#pattern.startsWith("{N", this.#at);
      while (this.#next() !== "}");
      return isNumber ? CLASSES["d"]! : LETTERS;
    }
    const size = char === "x" ? 2 : char === "u" ? 4 : 0;
    if (size > 0) {
      const braced = this.#takes("{");
      const end = braced ? this.#pattern.indexOf("}", this.#at) : this.#at + size;
      const code = Number.parseInt(this.#pattern.slice(this.#at, end), 16);
      this.#at = braced ? end + 1 : end;
      return [code];
    }
    return [(CONTROLS[char] ?? char).codePointAt(0)!];
  }

  #class(): readonly number[] {
    const negative = this.#takes("^");
    const codes: number[] = [];
    while (!this.#takes("]")) {
      const from = this.#classMember();
      if (from.length === 1 && this.#pattern[this.#at] === "-" && this.#pattern[this.#at + 1] !== "]") {
        this.#at += 1;
        codes.push(...characters([from[0]!, this.#classMember()[0]!]));
      } else codes.push(...from);
    }
    return negative ? except(codes) : codes;
  }

  #classMember(): readonly number[] {
    const char = this.#next();
    return char === "\\" ? this.#escaped(this.#next()) : [char.codePointAt(0)!];
  }

  #next(): string {
    const char = String.fromCodePoint(this.#pattern.codePointAt(this.#at)!);
    this.#at += char.length;
    return char;
  }

  #takes(text: string): boolean {
    const isNext = this.#pattern.startsWith(text, this.#at);
    if (isNext) this.#at += text.length;
    return isNext;
  }
}

function oneOf(codes: readonly number[]): Pick {
  return (random) => String.fromCodePoint(codes[random.below(codes.length)] ?? 0x61);
}

function characters(...ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}

function except(codes: readonly number[]): readonly number[] {
  return ANY.filter((code) => !codes.includes(code));
}
