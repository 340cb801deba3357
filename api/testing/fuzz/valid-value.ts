import { testingError } from "../errors.ts";
import type { JsonSchema } from "../../openapi/json-schema.ts";
import type { SeededRandom } from "../../../runtime/testing.ts";
import { type DocumentSchemas, isRecord, propertiesOf, typesOf } from "./document-schemas.ts";
import type { KnownValues } from "./known-values.ts";
import { matchingString } from "./matching-string.ts";

const TRIES_MAX = 200;
/** Below this, only what must be there is there. */
const DEPTH_MAX = 4;
const LENGTH_MAX = 24;
const ITEMS_MAX = 4;
const SAFE_MAX = Number.MAX_SAFE_INTEGER;

/** Text that has broken programs: escapes, markup, other scripts, names that JavaScript knows. */
const TEXTS: readonly string[] = [
  "a",
  " ",
  "0",
  "null",
  "__proto__",
  "constructor",
  "Robert'); DROP TABLE users;--",
  "<b>&amp;</b>",
  "%00%20",
  "../../etc",
  "Zoë Łukasz 雪",
  "👩‍👩‍👧",
  "line\r\nline",
];

/** The end of a text in C, half a character, one that turns the writing round, quotes and escapes. */
const DISTURBANCES: readonly string[] = ["\u0000", "\u0000", "\ud800", "\u202e", "'", '"', "\\", "%"];

/** Strings of formats that stand without a pattern. */
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  date: ["2026-02-28", "2024-02-29"],
  "date-time": ["2026-02-28T23:59:59Z", "1970-01-01T00:00:00.000Z"],
  time: ["23:59:59", "00:00:00"],
  duration: ["P1D", "PT1H30M"],
  email: ["ada@example.com", "grace.hopper+1@example.org"],
  hostname: ["example.com", "localhost"],
  ipv4: ["127.0.0.1", "255.255.255.255"],
  ipv6: ["::1", "2001:db8::8a2e:370:7334"],
  uri: ["https://example.com/a?b=c#d", "http://localhost:4000"],
  uuid: ["00000000-0000-0000-0000-000000000000", "0190163d-8694-739b-aea5-966c26f8ad91"],
};

/** For what a value is to be. */
export interface About {
  /** Under which key, or as which parameter. */
  readonly key?: string;
  /** Of what: `users`. */
  readonly what?: string;
  /** Whether it is rather to be one that the server knows. For a request as a whole: who knows an address knows the password. */
  readonly isKnown?: boolean;
}

const NOTHING: About = {};

/** Makes values that a schema allows: those at its bounds, those that programs stumble over, those that the server knows. */
export class ValidValues {
  readonly #schemas: DocumentSchemas;
  readonly #random: SeededRandom;
  readonly #known: KnownValues;
  #about: About = NOTHING;

  constructor(schemas: DocumentSchemas, random: SeededRandom, known: KnownValues) {
    this.#schemas = schemas;
    this.#random = random;
    this.#known = known;
  }

  /** A value for what is said `about` it. Throws `ROOKERY_FUZZ_SCHEMA` for a schema to which it finds none. */
  of(schema: unknown, about: About = NOTHING): unknown {
    this.#about = about;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const value = this.#value(schema, about.key ?? "", 0);
      if (this.#schemas.problem(schema, value) === undefined) return value;
    }
    throw testingError("ROOKERY_FUZZ_SCHEMA", JSON.stringify(schema));
  }

  #value(schema: unknown, key: string, depth: number): unknown {
    const rules = this.#schemas.flat(schema);
    const { anyOf, oneOf, ...rest } = rules;
    const alternatives = (anyOf ?? oneOf) as unknown[] | undefined;
    if (alternatives !== undefined)
      return this.#value({ allOf: [rest, this.#one(alternatives)] }, key, depth);
    if (rules["const"] !== undefined) return rules["const"];
    if (Array.isArray(rules["enum"])) return this.#one(rules["enum"]);
    const known = this.#knownValue(rules, key);
    if (known !== undefined) return known;
    const types = typesOf(rules);
    const type = types.length > 0 ? this.#one(types) : this.#one(["string", "integer", "boolean", "null"]);
    switch (type) {
      case "object":
        return this.#object(rules, depth);
      case "array":
        return this.#array(rules, key, depth);
      case "string":
        return this.#disturbed(rules, this.#string(rules));
      case "integer":
      case "number":
        return this.#number(rules, type);
      default:
        return type === "boolean" ? this.#often(2) : null;
    }
  }

  /** An example of the schema, or what was answered before; mostly neither. */
  #knownValue(rules: JsonSchema, key: string): unknown {
    const examples = [
      ...((rules["examples"] as unknown[]) ?? []),
      ...(rules["default"] === undefined ? [] : [rules["default"]]),
    ];
    if (examples.length > 0 && this.#often(3)) return this.#one(examples);
    const { isKnown = false, what } = this.#about;
    let known = isKnown && !this.#often(8) ? this.#known.of(key, what) : [];
    if (isKnown && known.length === 0 && this.#often(8)) known = this.#known.all();
    // An id that is a number in answers is text in a path.
    const fitting = [...known, ...known.map(String)].filter(
      (value) => this.#schemas.problem(rules, value) === undefined,
    );
    return fitting.length > 0 ? this.#one(fitting) : undefined;
  }

  #object(rules: JsonSchema, depth: number): Record<string, unknown> {
    const required = new Set(rules["required"] as string[] | undefined);
    const properties = propertiesOf(rules);
    const records =
      this.#about.isKnown === true && required.size > 1 ? this.#known.records([...required]) : [];
    const record = records.length > 0 ? this.#one(records) : undefined;
    const entries = Object.keys(properties)
      .filter((key) => required.has(key) || (depth < DEPTH_MAX && this.#often(2)))
      .map((key): [string, unknown] => {
        const isTogether =
          record !== undefined && this.#schemas.problem(properties[key], record[key]) === undefined;
        return [key, isTogether ? record[key] : this.#value(properties[key], key, depth + 1)];
      });
    for (const key of required) if (!(key in properties)) entries.push([key, this.#text()]);
    const { additionalProperties: rest, propertyNames: names } = rules;
    if (rest !== false && depth < DEPTH_MAX) {
      const isMap = isRecord(rest) || names !== undefined;
      // An open object ignores what it does not know, and shall be asked to.
      const extras = isMap ? this.#random.below(3) : this.#often(8) ? 1 : 0;
      for (
        let index = 0;
        index < Math.max(extras, Number(rules["minProperties"] ?? 0) - entries.length);
        index += 1
      ) {
        const name = names === undefined ? `extra${index}` : String(this.#value(names, "", depth + 1));
        if (!(name in properties)) entries.push([name, this.#value(rest, "", depth + 1)]);
      }
    }
    return Object.fromEntries(entries);
  }

  #array(rules: JsonSchema, key: string, depth: number): unknown[] {
    const { prefixItems = [], items, minItems = 0, maxItems = ITEMS_MAX } = rules;
    const first = prefixItems as unknown[];
    const least = Math.max(minItems as number, first.length);
    const most = items === false ? first.length : Math.min(maxItems as number, least + ITEMS_MAX);
    const length = depth < DEPTH_MAX ? this.#between(least, Math.max(least, most)) : least;
    return Array.from({ length }, (_, index) =>
      this.#value(index < first.length ? first[index] : items, key, depth + 1),
    );
  }

  #number(rules: JsonSchema, type: "integer" | "number"): number {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules;
    const step = typeof multipleOf === "number" ? multipleOf : 1;
    const low =
      (minimum as number | undefined) ??
      (exclusiveMinimum === undefined ? -SAFE_MAX : (exclusiveMinimum as number) + step);
    const high =
      (maximum as number | undefined) ??
      (exclusiveMaximum === undefined ? SAFE_MAX : (exclusiveMaximum as number) - step);
    const near = Math.min(high, Math.max(low, 0));
    const some = this.#one([
      low,
      high,
      near,
      this.#between(near, Math.min(high, near + 20)),
      this.#between(low, high),
    ]);
    const number = typeof multipleOf === "number" ? Math.ceil(some / step) * step : some;
    return type === "integer" || this.#often(2) ? Math.trunc(number) : number + this.#random.next();
  }

  /** Now and then with something in it that is rarely there. */
  #disturbed(rules: JsonSchema, text: string): string {
    if (!this.#often(2)) return text;
    const at = this.#between(0, text.length);
    const disturbed = text.slice(0, at) + this.#one(DISTURBANCES) + text.slice(at);
    const { maxLength = LENGTH_MAX } = rules;
    const fits =
      disturbed.length <= (maxLength as number) && this.#schemas.problem(rules, disturbed) === undefined;
    return fits ? disturbed : text;
  }

  #string(rules: JsonSchema): string {
    const { minLength = 0, maxLength, format, pattern } = rules;
    const least = minLength as number;
    const most = (maxLength as number | undefined) ?? Math.max(least, LENGTH_MAX);
    if (typeof pattern === "string")
      return this.#fitted(least, most, () => matchingString(pattern, this.#random));
    const samples = typeof format === "string" ? FORMATS[format] : undefined;
    if (samples !== undefined) return this.#fitted(least, most, () => this.#one(samples));
    if (this.#often(3)) return this.#fitted(least, most, () => this.#text());
    const length = this.#one([least, most, this.#between(least, Math.min(most, least + LENGTH_MAX))]);
    return Array.from({ length }, () => String.fromCodePoint(this.#between(0x61, 0x7a))).join("");
  }

  /** A string whose length is right by both ways to count: JSON Schema counts characters, JavaScript units of UTF-16. */
  #fitted(least: number, most: number, make: () => string): string {
    let text = make();
    for (let tries = 0; tries < 20 && (text.length > most || [...text].length < least); tries += 1)
      text = make();
    return text;
  }

  #text(): string {
    return this.#one(TEXTS);
  }

  #between(low: number, high: number): number {
    return low + Math.floor(this.#random.next() * (high - low + 1));
  }

  /** True once in `times`. */
  #often(times: number): boolean {
    return this.#random.below(times) === 0;
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)]!;
  }
}
