import type { StandardSchema } from "./standard-schema.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The dialect that AsyncAPI's own schemas build on. */
const TARGET = "draft-07";

/**
 * What a schema takes, as JSON Schema that stands in a document at `pointer`. Anything, `{}`, if there is no schema or no JSON Schema
 * of it.
 */
export function embeddedSchema(schema: StandardSchema | undefined, pointer: string): JsonSchema {
  const { jsonSchema } = schema?.["~standard"] ?? {};
  if (jsonSchema === undefined) return {};
  try {
    const { $schema: _, ...alone } = jsonSchema.input({ target: TARGET });
    return moved(alone, pointer) as JsonSchema;
  } catch {
    // The standard's way to say that it has no form there: a date, bytes, a function.
    return {};
  }
}

/** The same with references that hold where it stands now: those of a schema start at its own root. */
function moved(value: unknown, pointer: string): unknown {
  if (Array.isArray(value)) return value.map((part) => moved(part, pointer));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === "$ref" && typeof part === "string" && part.startsWith("#")
        ? pointer + part.slice(1)
        : moved(part, pointer),
    ]),
  );
}
