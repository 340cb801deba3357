/** A schema of JSON Schema 2020-12, which is the one of OpenAPI 3.1. */
export type JsonSchema = Readonly<Record<string, unknown>>;
