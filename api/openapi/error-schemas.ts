import type { StandardSchema } from "../../channels/index.ts";
import type { ErrorJson } from "../error-json.ts";
import type { Traversed } from "../repo/traversal.ts";
import type { Route } from "../router/route.ts";
import type { Components } from "./components.ts";
import type { JsonSchema } from "./json-schema.ts";

/** The body of an answer that is about single fields: under each what is wrong with it, as `traverseErrors` has it. */
export interface FieldErrors {
  readonly errors: Traversed<string>;
}

/**
 * The body of errors that are not about single fields, to declare the failures of an action by:
 * `responses: { 200: user, 404: errorSchema }`.
 */
export const errorSchema: StandardSchema<ErrorJson> = standardSchema(
  "Error",
  {
    type: "object",
    required: ["errors"],
    properties: {
      errors: { type: "object", required: ["detail"], properties: { detail: { type: "string" } } },
    },
  },
  (value): value is ErrorJson =>
    isRecord(value) && isRecord(value["errors"]) && typeof value["errors"]["detail"] === "string",
);

/** The body of errors of single fields: of an invalid changeset, and of a request that does not fit the schemas of its action. */
export const fieldErrorsSchema: StandardSchema<FieldErrors> = standardSchema(
  "FieldErrors",
  {
    type: "object",
    required: ["errors"],
    properties: { errors: { $ref: "#/$defs/FieldMessages" } },
  },
  (value): value is FieldErrors => isRecord(value) && isMessages(value["errors"]),
  {
    FieldMessages: {
      type: "object",
      additionalProperties: {
        description: "What is wrong with the field, or with the fields of what is nested in it.",
        anyOf: [
          { type: "array", items: { type: "string" } },
          { type: "array", items: { $ref: "#/$defs/FieldMessages" } },
          { $ref: "#/$defs/FieldMessages" },
        ],
      },
    },
  },
);

/** The body with which a route refuses by `status` what does not reach its action. */
export function errorSchemaOf(status: number, { schemas }: Route, components: Components): JsonSchema {
  if (status === 422) return components.ofResponse(fieldErrorsSchema);
  const error = components.ofResponse(errorSchema);
  // A path that is none may be told by its parts.
  if (status !== 400 || schemas.params === undefined) return error;
  return { anyOf: [error, components.ofResponse(fieldErrorsSchema)] };
}

function standardSchema<Value>(
  id: string,
  definition: JsonSchema,
  fits: (value: unknown) => value is Value,
  others: Readonly<Record<string, JsonSchema>> = {},
): StandardSchema<Value> {
  const converted = (): Record<string, unknown> => ({
    $ref: `#/$defs/${id}`,
    $defs: { [id]: definition, ...others },
  });
  return {
    "~standard": {
      version: 1,
      vendor: "rookery",
      validate: (value) => (fits(value) ? { value } : { issues: [{ message: `is no ${id}` }] }),
      jsonSchema: { input: converted, output: converted },
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isMessages(value: unknown): boolean {
  if (!isRecord(value) || Array.isArray(value)) return false;
  return Object.values(value).every((field) =>
    Array.isArray(field)
      ? field.every((one) => typeof one === "string") || field.every(isMessages)
      : isMessages(field),
  );
}
