import { isSecretName } from "../../channels/internal.ts";
import { Pid, Ref } from "../../runtime/index.ts";

const DEPTH_MAX = 6;
const ITEMS_MAX = 50;
const TEXT_MAX = 200;
const LENGTH_MAX = 8_000;

/** Stands for what an object would compute. */
const COMPUTED = Symbol("computed");

/** Where a value within a text stands under its name, as in `{ token: 'abc' }`. */
const NAMED_VALUE = /([\w-]+)(['"]?\s*[:=]\s*)('[^']*'|"[^"]*"|[^\s,{}[\]]+)/g;

/** Marks that nobody sees, by which a text of a client could turn round what stands behind it. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A value as text, for whoever looks at a running system: without what stands under the name of a secret, also in maps and in
 * instances of classes, and never longer than `lengthMax`, however large the value is. Runs no code of the value.
 */
export function shown(value: unknown, lengthMax: number = LENGTH_MAX): string {
  const writer = new Writer(lengthMax);
  writer.value(value, 0);
  return writer.text;
}

/** The same in one line. */
export function shownInLine(value: unknown, lengthMax: number): string {
  return shown(value, lengthMax)
    .replaceAll(/\n *(?=[}\]])/g, " ")
    .replaceAll(/([{[])\n */g, "$1 ")
    .replaceAll(/\n */g, ", ");
}

/** A text without what stands in it under the name of a secret. */
export function shownText(text: string, lengthMax: number = LENGTH_MAX): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
  return undirected(cut).replace(NAMED_VALUE, (all, name: string, between: string) =>
    isSecretName(name) ? `${name}${between}[FILTERED]` : all,
  );
}

/** A text with the marks that turn its direction written out. */
export function undirected(text: string): string {
  return text.replace(DIRECTIONS, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

class Writer {
  readonly #lengthMax: number;
  readonly #above: object[] = [];
  text = "";

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get #full(): boolean {
    return this.text.length >= this.#lengthMax;
  }

  value(value: unknown, depth: number): void {
    if (this.#full) return;
    if (value === COMPUTED) return this.#write("[computed]");
    if (typeof value === "string") return this.#write(JSON.stringify(cut(value)));
    if (typeof value === "bigint") return this.#write(`${value}n`);
    if (typeof value === "function") return this.#write("[function]");
    if (typeof value !== "object" || value === null) return this.#write(String(value));
    if (value instanceof Pid || value instanceof Ref) return this.#write(String(value));
    if (value instanceof Date) return this.#write(dateText(value));
    if (ArrayBuffer.isView(value)) return this.#write(`[${value.byteLength} bytes]`);
    if (value instanceof Error) return this.#write(`[${value.name}: ${shownText(cut(value.message))}]`);
    if (this.#above.includes(value)) return this.#write("[circular]");
    if (depth === DEPTH_MAX) return this.#write("[…]");
    this.#above.push(value);
    this.#object(value, depth + 1);
    this.#above.pop();
  }

  #object(value: object, depth: number): void {
    if (Array.isArray(value)) return this.#list("[", "]", value.length, value, depth);
    if (value instanceof Set) return this.#list(`Set(${value.size}) [`, "]", value.size, value, depth);
    if (value instanceof Map) return this.#entries(`Map(${value.size}) {`, value.size, value, depth);
    const keys = Object.keys(value);
    const name = nameOf(value);
    this.#entries(name === "" ? "{" : `${name} {`, keys.length, own(value, keys), depth);
  }

  #list(open: string, close: string, size: number, items: Iterable<unknown>, depth: number): void {
    this.#write(open);
    this.#each(items, size, depth, (item) => this.value(item, depth));
    this.#write(close);
  }

  #entries(open: string, size: number, entries: Iterable<readonly [unknown, unknown]>, depth: number): void {
    this.#write(open);
    this.#each(entries, size, depth, ([key, item]) => {
      if (typeof key === "string") this.#write(cut(key));
      else this.value(key, depth);
      this.#write(": ");
      if (typeof key === "string" && isSecretName(key)) this.#write("[FILTERED]");
      else this.value(item, depth);
    });
    this.#write("}");
  }

  #each<Item>(items: Iterable<Item>, size: number, depth: number, write: (item: Item) => void): void {
    const indent = `\n${"  ".repeat(depth)}`;
    let written = 0;
    for (const item of items) {
      if (written === ITEMS_MAX || this.#full) break;
      this.#write(indent);
      write(item);
      written += 1;
    }
    if (size > written) this.#write(`${indent}… ${size - written} more`);
    if (size > 0) this.#write(indent.slice(0, -2));
  }

  #write(text: string): void {
    if (this.#full) return;
    const room = this.#lengthMax - this.text.length;
    const plain = undirected(text);
    this.text += plain.length > room ? `${plain.slice(0, room)}…` : plain;
  }
}

function cut(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? "Invalid Date" : date.toISOString();
}

/** Of a class; nothing for a plain object. */
function nameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  if (prototype === null || prototype === Object.prototype) return "";
  const name = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value?.name as unknown;
  return typeof name === "string" ? name : "object";
}

/** What stands in an object; of what it would compute, only that it would. */
function* own(value: object, keys: readonly string[]): Iterable<readonly [string, unknown]> {
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    yield [key, property !== undefined && "value" in property ? property.value : COMPUTED];
  }
}
