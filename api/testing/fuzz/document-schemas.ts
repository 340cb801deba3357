import { isDeepStrictEqual } from "node:util";
import type { JsonSchema } from "../../openapi/json-schema.ts";

/** The schema `false`, which nothing fits. */
const NOTHING: JsonSchema = { not: {} };

/** The schemas of one document, which refer to one another. It knows the keywords that zod writes, and ignores the others. */
export class DocumentSchemas {
  readonly #document: unknown;

  constructor(document: unknown) {
    this.#document = document;
  }

  /** What stands at a reference within the document (`#/components/schemas/User`), or the value itself if it is none. */
  resolved(value: unknown): JsonSchema {
    let current: unknown = value;
    for (let steps = 0; steps < 100 && isRecord(current) && typeof current["$ref"] === "string"; steps += 1) {
      const { $ref, ...beside } = current;
      const target = this.#at($ref as string);
      current = Object.keys(beside).length === 0 ? target : { allOf: [target, beside] };
    }
    if (current === false) return NOTHING;
    return isRecord(current) ? current : {};
  }

  /** One schema without references and `allOf` at its top; where several say the same thing, the last one's word stands. */
  flat(schema: unknown): JsonSchema {
    const { allOf = [], ...own } = this.resolved(schema);
    return (allOf as unknown[]).reduce<JsonSchema>((whole, part) => joined(whole, this.flat(part)), own);
  }

  /** What `value` breaks, with the place; undefined if it is as the schema says. */
  problem(schema: unknown, value: unknown, at: string = ""): string | undefined {
    if (schema === true || schema === undefined) return undefined;
    const rules = this.resolved(schema);
    return (
      typeProblem(rules, value, at) ??
      this.#combined(rules, value, at) ??
      (typeof value === "number" ? numberProblem(rules, value, at) : undefined) ??
      (typeof value === "string" ? stringProblem(rules, value, at) : undefined) ??
      (Array.isArray(value) ? this.#arrayProblem(rules, value, at) : undefined) ??
      (isRecord(value) ? this.#objectProblem(rules, value, at) : undefined)
    );
  }

  #at(pointer: string): unknown {
    const steps = pointer.replace(/^#\/?/, "").split("/");
    return steps.reduce<unknown>((place, step) => {
      const key = decodeURIComponent(step).replace(/~1/g, "/").replace(/~0/g, "~");
      return step === "" ? place : (place as Record<string, unknown> | undefined)?.[key];
    }, this.#document);
  }

  #combined({ allOf, anyOf, oneOf, not }: JsonSchema, value: unknown, at: string): string | undefined {
    const fits = (schema: unknown): boolean => this.problem(schema, value, at) === undefined;
    for (const part of (allOf as unknown[] | undefined) ?? []) {
      const problem = this.problem(part, value, at);
      if (problem !== undefined) return problem;
    }
    if (Array.isArray(anyOf) && !anyOf.some(fits)) return wrong(at, "one of the alternatives", value);
    if (Array.isArray(oneOf) && oneOf.filter(fits).length !== 1)
      return wrong(at, "exactly one of the alternatives", value);
    return not !== undefined && fits(not) ? wrong(at, "something else", value) : undefined;
  }

  #arrayProblem(rules: JsonSchema, value: readonly unknown[], at: string): string | undefined {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, prefixItems = [], items, uniqueItems } = rules;
    if (value.length < (minItems as number)) return wrong(at, `at least ${minItems} items`, value);
    if (value.length > (maxItems as number)) return wrong(at, `at most ${maxItems} items`, value);
    if (
      uniqueItems === true &&
      value.some((one, index) => value.slice(0, index).some((other) => equal(one, other)))
    )
      return wrong(at, "items that differ", value);
    const first = prefixItems as unknown[];
    return found(value, (item, index) => {
      const schema = index < first.length ? first[index] : items;
      return this.problem(schema, item, `${at}/${index}`);
    });
  }

  #objectProblem(rules: JsonSchema, value: Record<string, unknown>, at: string): string | undefined {
    const { required = [], additionalProperties, propertyNames, patternProperties = {} } = rules;
    const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = rules;
    const keys = Object.keys(value);
    const missing = (required as string[]).find((key) => !Object.hasOwn(value, key));
    if (missing !== undefined) return wrong(at, `the key ${JSON.stringify(missing)}`, value);
    if (keys.length < (minProperties as number)) return wrong(at, `at least ${minProperties} keys`, value);
    if (keys.length > (maxProperties as number)) return wrong(at, `at most ${maxProperties} keys`, value);
    const properties = propertiesOf(rules);
    const patterns = Object.entries(patternProperties as Record<string, unknown>);
    return found(keys, (key) => {
      const place = `${at}/${key}`;
      const name =
        propertyNames === undefined ? undefined : this.problem(propertyNames, key, `${place} (key)`);
      if (name !== undefined) return name;
      const matching = patterns.filter(([pattern]) => new RegExp(pattern, "u").test(key));
      const known = Object.hasOwn(properties, key);
      if (!known && matching.length === 0)
        return additionalProperties === false
          ? wrong(place, "no such key", value[key])
          : this.problem(additionalProperties, value[key], place);
      const own = known ? this.problem(properties[key], value[key], place) : undefined;
      return own ?? found(matching, ([, schema]) => this.problem(schema, value[key], place));
    });
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function propertiesOf({ properties = {} }: JsonSchema): Readonly<Record<string, unknown>> {
  return properties as Record<string, unknown>;
}

/** The names of JSON Schema for what `value` is. */
export function typesOf({ type }: JsonSchema): readonly string[] {
  return type === undefined ? [] : Array.isArray(type) ? (type as string[]) : [type as string];
}

function isOfType(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  return type === "object" ? isRecord(value) : typeof value === type;
}

function typeProblem(rules: JsonSchema, value: unknown, at: string): string | undefined {
  const types = typesOf(rules);
  if (types.length > 0 && !types.some((type) => isOfType(type, value)))
    return wrong(at, types.join(" or "), value);
  if (rules["const"] !== undefined && !equal(rules["const"], value))
    return wrong(at, text(rules["const"]), value);
  const options = rules["enum"] as unknown[] | undefined;
  if (options === undefined || options.some((option) => equal(option, value))) return undefined;
  return wrong(at, `one of ${text(options)}`, value);
}

function numberProblem(rules: JsonSchema, value: number, at: string): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules;
  if (typeof minimum === "number" && value < minimum) return wrong(at, `at least ${minimum}`, value);
  if (typeof maximum === "number" && value > maximum) return wrong(at, `at most ${maximum}`, value);
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum)
    return wrong(at, `more than ${exclusiveMinimum}`, value);
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum)
    return wrong(at, `less than ${exclusiveMaximum}`, value);
  if (typeof multipleOf === "number" && !Number.isInteger(value / multipleOf))
    return wrong(at, `a multiple of ${multipleOf}`, value);
  return undefined;
}

function stringProblem(rules: JsonSchema, value: string, at: string): string | undefined {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = rules;
  const length = [...value].length;
  if (length < (minLength as number)) return wrong(at, `at least ${minLength} characters`, value);
  if (length > (maxLength as number)) return wrong(at, `at most ${maxLength} characters`, value);
  if (typeof pattern !== "string" || new RegExp(pattern, "u").test(value)) return undefined;
  return wrong(at, `a match of ${pattern}`, value);
}

/** The first thing that `find` has to say about any of them. */
function found<Item>(
  items: readonly Item[],
  find: (item: Item, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const problem = find(item, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function joined(one: JsonSchema, other: JsonSchema): JsonSchema {
  const properties: Record<string, unknown> = { ...propertiesOf(one) };
  for (const [key, schema] of Object.entries(propertiesOf(other)))
    properties[key] = key in properties ? { allOf: [properties[key], schema] } : schema;
  const required = [...((one["required"] as string[]) ?? []), ...((other["required"] as string[]) ?? [])];
  return {
    ...one,
    ...other,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required: [...new Set(required)] } : {}),
  };
}

function equal(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}

function wrong(at: string, expected: string, value: unknown): string {
  return `expected ${expected} at ${at === "" ? "the top" : at}, got ${text(value)}`;
}

function text(value: unknown): string {
  const json = JSON.stringify(value) ?? "nothing";
  return json.length > 200 ? `${json.slice(0, 200)}…` : json;
}
