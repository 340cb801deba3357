import type { JsonSchema } from "./json-schema.ts";

/** What the document says of itself. */
export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly summary?: string;
  readonly description?: string;
}

/** Where an API is served: the Server Object of OpenAPI 3.1. */
export interface OpenApiServer {
  readonly url: string;
  readonly description?: string;
}

/** How a client shows who it is: `{ type: "http", scheme: "bearer" }`, `{ type: "apiKey", in: "header", name: "x-key" }`. */
export interface SecurityScheme {
  readonly type: "http" | "apiKey" | "mutualTLS" | "oauth2" | "openIdConnect";
  readonly [field: string]: unknown;
}

export interface OpenApiParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header" | "cookie";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

interface Content {
  readonly "application/json": { readonly schema: JsonSchema };
}

export interface OpenApiResponse {
  readonly description: string;
  readonly content?: Content;
}

/** An action in an OpenAPI document: the Operation Object of OpenAPI 3.1. */
export interface OpenApiOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly OpenApiParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  /** By status; `default` where the action declares nothing. */
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

export type OpenApiMethod = "get" | "put" | "post" | "delete" | "options" | "head" | "patch";

/** A plain object, to be served or written as JSON. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: OpenApiInfo;
  readonly servers?: readonly OpenApiServer[];
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<OpenApiMethod, OpenApiOperation>>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>;
  };
}
