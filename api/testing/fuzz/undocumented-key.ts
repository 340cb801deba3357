import type { JsonSchema } from "../../openapi/json-schema.ts";
import { type DocumentSchemas, isRecord, propertiesOf } from "./document-schemas.ts";

/**
 * The place of the first key in `value` that its schema does not speak of: of an object with known keys which does not say that
 * there may be others. JSON Schema allows such keys; from a server, they are what nobody has agreed on, or was to see.
 */
export function undocumentedKey(
  schemas: DocumentSchemas,
  schema: unknown,
  value: unknown,
  at: string = "",
): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const rules = schemas.flat(schema);
  const { anyOf, oneOf, ...rest } = rules;
  const alternatives = (anyOf ?? oneOf) as unknown[] | undefined;
  if (alternatives !== undefined) {
    const wholes = alternatives.map((alternative) => ({ allOf: [rest, alternative] }));
    const fitting = wholes.filter((whole) => schemas.problem(whole, value) === undefined);
    const keys = fitting.map((whole) => undocumentedKey(schemas, whole, value, at));
    return keys.includes(undefined) ? undefined : keys[0];
  }
  for (const [key, inner] of Object.entries(value)) {
    const place = `${at}/${key}`;
    const below = schemaOfKey(rules, value, key);
    const found = below === undefined ? place : undocumentedKey(schemas, below, inner, place);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The schema of what stands under `key`; undefined if there is to be nothing. */
function schemaOfKey(rules: JsonSchema, value: object, key: string): unknown {
  if (!isRecord(value)) {
    const first = (rules["prefixItems"] as unknown[] | undefined) ?? [];
    return first[Number(key)] ?? rules["items"] ?? true;
  }
  const properties = propertiesOf(rules);
  if (Object.hasOwn(properties, key)) return properties[key];
  const isOpen = Object.keys(properties).length === 0 || "patternProperties" in rules;
  return rules["additionalProperties"] ?? (isOpen ? true : undefined);
}
