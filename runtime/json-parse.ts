import { parseInParts } from "./json-parts.ts";

/**
 * The longest text, and part of a text, that is read in one go: V8 takes less than a tenth of a second for it, whatever is in it. The
 * slowest, objects of a hundred keys each that no other object has, takes 60 ms.
 */
const WHOLE_LENGTH_MAX = 512 * 1024;

type Parse = (text: unknown, reviver?: unknown) => unknown;

/** What stands at `JSON.parse`, and what stood there before. */
class TerminableParse {
  readonly parse: Parse;
  readonly #before: Parse;
  #holders = 0;

  constructor(before: Parse) {
    this.#before = before;
    const parseLong = (value: unknown, reviver: unknown): unknown => this.#parseLong(value, reviver);
    // A method, as the language's own is: no constructor, and named `parse`.
    this.parse = {
      parse(text: unknown, reviver?: unknown): unknown {
        return typeof text === "string" && text.length <= WHOLE_LENGTH_MAX
          ? before(text, reviver)
          : parseLong(text, reviver);
      },
    }.parse;
  }

  #parseLong(value: unknown, reviver: unknown): unknown {
    const text = `${value as string}`;
    // A reviver is told the source of each value, and that only the language's own function knows.
    const whole = text.length <= WHOLE_LENGTH_MAX || typeof reviver === "function";
    // Nobody asks for it any more, but others who have put something in its place call it.
    if (whole || this.#holders === 0) return this.#before(text, reviver);
    return parseInParts(text, WHOLE_LENGTH_MAX, this.#before);
  }

  /** Answers what lets go of it. */
  hold(): () => void {
    if (this.#holders === 0) Reflect.set(JSON, "parse", this.parse);
    this.#holders += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      // What others have put there since is theirs to take away.
      if (this.#holders === 0 && JSON.parse === this.parse) Reflect.set(JSON, "parse", this.#before);
    };
  }

  get isHeld(): boolean {
    return this.#holders > 0;
  }
}

let current: TerminableParse | undefined;

/**
 * Has `JSON.parse` of this thread read long texts in parts, so that it can be terminated in their middle: V8's own looks for
 * terminations only when it returns. What it answers stays the same, and which texts it refuses; short texts cost a comparison more. A text that is read with a
 * reviver is read as before. Answers what ends that; it lasts until each who asked for it has done so.
 */
export function terminableJsonParse(): () => void {
  // Another than the last: that one may be called by what stands there now.
  if (current?.isHeld !== true) current = new TerminableParse(JSON.parse as Parse);
  return current.hold();
}
