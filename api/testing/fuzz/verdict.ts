import type { DocumentSchemas } from "./document-schemas.ts";
import type { FuzzCase } from "./fuzz-request.ts";
import { undocumentedKey } from "./undocumented-key.ts";

/** An answer, read to its end. */
export interface ReadAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** Undefined if it is not JSON. */
  readonly json: unknown;
}

/** Says what `value` breaks in a schema of the document, or nothing. */
export type Check = (schema: unknown, value: unknown) => string | undefined;

/** What the document does not allow about an answer to this request; undefined if it was agreed on. */
export function verdict(
  { operation, flaw }: FuzzCase,
  answer: ReadAnswer,
  schemas: DocumentSchemas,
  check: Check,
): string | undefined {
  const { status, contentType, text, json } = answer;
  if (status >= 500) return `was answered with ${status}`;
  const { responses } = operation;
  const documented = responses[String(status)] ?? responses["default"];
  if (documented === undefined)
    return `was answered with ${status}, which is none of ${Object.keys(responses).join(", ")}`;
  if (flaw !== undefined && status < 400)
    return `was answered with ${status}, as if nothing was wrong with it`;
  const { content } = schemas.resolved(documented) as {
    readonly content?: Readonly<Record<string, { readonly schema?: unknown }>>;
  };
  if (content === undefined) {
    return text === "" || responses[String(status)] === undefined
      ? undefined
      : `was answered with ${status} and a body, where none is documented`;
  }
  const mediaType = contentType.split(";")[0]!.trim().toLowerCase();
  const media = content[mediaType];
  if (media === undefined) return `was answered with ${status} in ${mediaType || "no media type"}`;
  if (mediaType !== "application/json" || operation.method === "HEAD") return undefined;
  if (json === undefined) return `was answered with ${status} and a body that is not JSON`;
  const problem = check(media.schema, json);
  if (problem !== undefined) return `was answered with ${status}, but ${problem}`;
  const key = undocumentedKey(schemas, media.schema, json);
  return key === undefined ? undefined : `was answered with ${status}, but ${key} is not documented`;
}
