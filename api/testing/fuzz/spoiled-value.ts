import type { JsonSchema } from "../../openapi/json-schema.ts";
import type { SeededRandom } from "../../../runtime/testing.ts";
import { type DocumentSchemas, isRecord, propertiesOf } from "./document-schemas.ts";

const TRIES_MAX = 50;
/** Longer strings are not made: the limit of the body would answer first. */
const LENGTH_MAX = 10_000;

const OTHERS: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  "",
  "text",
  "1",
  [],
  [null],
  {},
  { id: 1 },
];

/** Breaks values at one place. */
export class SpoiledValues {
  readonly #schemas: DocumentSchemas;
  readonly #random: SeededRandom;

  constructor(schemas: DocumentSchemas, random: SeededRandom) {
    this.#schemas = schemas;
    this.#random = random;
  }

  /** `value` with something about it that `schema` does not allow; undefined if the schema allows everything that was tried. */
  of(schema: unknown, value: unknown): { readonly value: unknown; readonly problem: string } | undefined {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const spoiled = this.#spoiled(schema, value);
      const problem = this.#schemas.problem(schema, spoiled);
      if (problem !== undefined) return { value: spoiled, problem };
    }
    return undefined;
  }

  #spoiled(schema: unknown, value: unknown): unknown {
    const rules = this.#schemas.flat(schema);
    const keys = isRecord(value) || Array.isArray(value) ? Object.keys(value) : [];
    // As often below as here, so that also what lies deep is reached.
    if (keys.length === 0 || this.#random.below(3) === 0) return this.#one(this.#wrongs(rules, value));
    const key = this.#one(keys);
    if (Array.isArray(value)) {
      const index = Number(key);
      const first = (rules["prefixItems"] as unknown[] | undefined) ?? [];
      return value.with(
        index,
        this.#spoiled(index < first.length ? first[index] : rules["items"], value[index]),
      );
    }
    const record = value as Record<string, unknown>;
    const properties = propertiesOf(rules);
    const inner = Object.hasOwn(properties, key) ? properties[key] : rules["additionalProperties"];
    return { ...record, [key]: this.#spoiled(inner, record[key]) };
  }

  /** Values that rules such as these mostly forbid, by kind. */
  #wrongs(rules: JsonSchema, value: unknown): readonly unknown[] {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, minItems, maxItems } =
      rules;
    const wrongs: unknown[] = [this.#one(OTHERS), this.#one(OTHERS)];
    if (typeof minimum === "number") wrongs.push(minimum - 1);
    if (typeof maximum === "number") wrongs.push(maximum + 1);
    if (typeof exclusiveMinimum === "number") wrongs.push(exclusiveMinimum);
    if (typeof exclusiveMaximum === "number") wrongs.push(exclusiveMaximum);
    if (typeof minLength === "number" && minLength > 0) wrongs.push("a".repeat(minLength - 1));
    if (typeof maxLength === "number" && maxLength < LENGTH_MAX) wrongs.push("a".repeat(maxLength + 1));
    if (typeof value === "string") wrongs.push(`${value} `, value.slice(1));
    if (Array.isArray(value)) {
      if (typeof minItems === "number" && minItems > 0) wrongs.push(value.slice(0, minItems - 1));
      if (typeof maxItems === "number" && maxItems < LENGTH_MAX && value.length > 0)
        wrongs.push(Array.from({ length: maxItems + 1 }, () => value[0] as unknown));
    }
    if (isRecord(value)) {
      const required = (rules["required"] as string[] | undefined) ?? [];
      for (const key of required) {
        const { [key]: _, ...without } = value;
        wrongs.push(without);
      }
      if (rules["additionalProperties"] === false) wrongs.push({ ...value, unexpected: true });
    }
    return wrongs;
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)]!;
  }
}
