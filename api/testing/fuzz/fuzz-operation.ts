import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from "../../openapi/document.ts";
import type { DocumentSchemas } from "./document-schemas.ts";

/** How a client shows who it is: an entry of `securitySchemes` and the secret for it. */
interface Demand {
  readonly name: string;
  readonly scheme: Readonly<Record<string, unknown>>;
}

/** An operation of a document, with what is needed to ask it. */
export interface FuzzOperation {
  readonly id: string;
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly parameters: readonly OpenApiParameter[];
  readonly body: unknown;
  readonly takesBody: boolean;
  readonly demands: readonly Demand[];
  /** Whether it refuses who shows nothing. */
  readonly insists: boolean;
  readonly responses: OpenApiOperation["responses"];
}

const METHODS: readonly string[] = ["get", "put", "post", "delete", "options", "head", "patch"];

/** All operations of a document in their order. Of several ways to show who one is, the first one is taken for which there are credentials. */
export function fuzzOperations(
  document: OpenApiDocument,
  schemas: DocumentSchemas,
  credentials: Readonly<Record<string, string>>,
): readonly FuzzOperation[] {
  const securitySchemes = document.components.securitySchemes ?? {};
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]): FuzzOperation => {
        const { operationId, parameters = [], requestBody, responses, security = [] } = operation;
        return {
          id: operationId,
          method: method.toUpperCase(),
          path,
          parameters: parameters.map(
            (parameter) => schemas.resolved(parameter) as unknown as OpenApiParameter,
          ),
          body: requestBody?.content["application/json"].schema,
          takesBody: requestBody !== undefined,
          demands: wayIn(security, credentials).map((name) => ({
            name,
            scheme: securitySchemes[name] ?? {},
          })),
          insists: security.length > 0 && security.every((way) => Object.keys(way).length > 0),
          responses,
        };
      }),
  );
}

function wayIn(
  security: NonNullable<OpenApiOperation["security"]>,
  credentials: Readonly<Record<string, string>>,
): readonly string[] {
  const ways = security.map((way) => Object.keys(way));
  return ways.find((way) => way.every((name) => Object.hasOwn(credentials, name))) ?? ways[0] ?? [];
}
