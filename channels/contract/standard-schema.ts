/**
 * A schema of any library that follows Standard Schema, version 1: zod, Valibot, ArkType and others. Written out here, so that no
 * package stands between a program and the library that it chose.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": StandardProps<Input, Output>;
}

interface StandardProps<Input, Output> {
  readonly version: 1;
  readonly vendor: string;
  validate(value: unknown): StandardResult<Output> | Promise<StandardResult<Output>>;
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  /** Standard JSON Schema, which not every library has. */
  readonly jsonSchema?: JsonSchemaConverter | undefined;
}

/** Throws for what has no form in JSON Schema. */
interface JsonSchemaConverter {
  input(options: { readonly target: string }): Record<string, unknown>;
  output(options: { readonly target: string }): Record<string, unknown>;
}

export type StandardResult<Output = unknown> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  /** From the outermost key inwards; none for the value itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What may be given to a schema; `Otherwise` where there is none. */
export type InputOf<Schema, Otherwise> = Schema extends {
  readonly "~standard": { readonly types?: { readonly input: infer Input } | undefined };
}
  ? Input
  : Otherwise;

/** What a schema makes of it. */
export type OutputOf<Schema, Otherwise> = Schema extends {
  readonly "~standard": { readonly types?: { readonly output: infer Output } | undefined };
}
  ? Output
  : Otherwise;

export function isStandardSchema(value: unknown): value is StandardSchema {
  // Those of some libraries are functions.
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const { "~standard": standard } = value as Partial<StandardSchema>;
  return standard?.version === 1 && typeof standard.validate === "function";
}
