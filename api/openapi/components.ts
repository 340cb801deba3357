import { isDeepStrictEqual } from "node:util";
import type { StandardSchema } from "../../channels/index.ts";
import { apiError } from "../errors.ts";
import type { JsonSchema } from "./json-schema.ts";

const DIALECT = "draft-2020-12";
const AT = "#/components/schemas/";

/** The names that zod gives to what refers to itself and has no id. */
const UNNAMED = /^__schema\d+$/;

/** What has no form in JSON Schema is described as anything, except a date that is answered: JSON has it as text. */
const IN_REQUESTS = { unrepresentable: "any" };
const IN_RESPONSES = {
  unrepresentable: ({ zodSchema }: { zodSchema: { _zod: { def: { type: string } } } }): unknown =>
    zodSchema._zod.def.type === "date" ? { type: "string", format: "date-time" } : "any",
};

/** The schemas of a document that have names, for others to refer to. */
export class Components {
  readonly #byName = new Map<string, JsonSchema>();
  readonly #ofRequests = new Map<StandardSchema, JsonSchema>();
  readonly #ofResponses = new Map<StandardSchema, JsonSchema>();
  #unnamed = 0;

  /** A reference to the schema `name`, which is `schema` wherever it is used. */
  named(name: string, schema: JsonSchema): JsonSchema {
    const other = this.#byName.get(name);
    if (other !== undefined && !isDeepStrictEqual(other, schema)) {
      throw apiError(
        "ROOKERY_OPENAPI",
        `one schema with the id ${name}`,
        `${JSON.stringify(other)} and ${JSON.stringify(schema)}`,
      );
    }
    this.#byName.set(name, schema);
    return { $ref: AT + name };
  }

  /** What a client may send. */
  ofRequest(schema: StandardSchema): JsonSchema {
    return remembered(this.#ofRequests, schema, () => this.#embedded(schema, IN_REQUESTS));
  }

  /** What a client gets: as an action returns it, for nothing is made of that before it is sent. */
  ofResponse(schema: StandardSchema): JsonSchema {
    return remembered(this.#ofResponses, schema, () => this.#embedded(schema, IN_RESPONSES));
  }

  /** The schema itself where `schema` is but a reference. */
  resolved(schema: JsonSchema): JsonSchema {
    const { $ref } = schema;
    return typeof $ref === "string" ? this.resolved(this.#byName.get($ref.slice(AT.length)) ?? {}) : schema;
  }

  toJSON(): Record<string, JsonSchema> {
    return Object.fromEntries(this.#byName);
  }

  #embedded(schema: StandardSchema, libraryOptions: object): JsonSchema {
    const { $schema: _, $defs = {}, ...root } = jsonSchemaOf(schema, libraryOptions);
    const names = new Map(
      Object.keys($defs as object).map((key) => [
        `#/$defs/${key}`,
        UNNAMED.test(key) ? this.#newName() : key,
      ]),
    );
    // What refers to itself as a whole has to stand where it can be referred to.
    const ownName = refersToRoot(root) ? this.#newName() : undefined;
    if (ownName !== undefined) names.set("#", ownName);
    for (const [key, definition] of Object.entries($defs as Record<string, unknown>))
      this.named(names.get(`#/$defs/${key}`)!, renamed(definition, names) as JsonSchema);
    const embedded = renamed(root, names) as JsonSchema;
    return ownName === undefined ? embedded : this.named(ownName, embedded);
  }

  #newName(): string {
    this.#unnamed += 1;
    return `Schema${this.#unnamed}`;
  }
}

/** Two routes with one schema that has no name share what was made of it. */
function remembered(
  made: Map<StandardSchema, JsonSchema>,
  schema: StandardSchema,
  make: () => JsonSchema,
): JsonSchema {
  const json = made.get(schema) ?? make();
  made.set(schema, json);
  return json;
}

function jsonSchemaOf(schema: StandardSchema, libraryOptions: object): JsonSchema {
  const { jsonSchema, vendor } = schema["~standard"];
  if (jsonSchema === undefined) return {};
  const options = { target: DIALECT, ...(vendor === "zod" ? { libraryOptions } : {}) };
  try {
    return jsonSchema.input(options);
  } catch {
    // The standard's way to say that it has no form there.
    return {};
  }
}

function refersToRoot(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, part]) => (key === "$ref" && part === "#") || refersToRoot(part));
}

/** The same with references that hold in the document. */
function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((part) => renamed(part, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const name = key === "$ref" ? names.get(part as string) : undefined;
      return [key, name === undefined ? renamed(part, names) : AT + name];
    }),
  );
}
