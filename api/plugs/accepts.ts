import type { FastifyRequest } from "fastify";
import type { Plug } from "../plug.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The format that `accepts` agreed on with the client. */
    format: string | undefined;
  }
}

export const MEDIA_TYPES = {
  json: "application/json",
  html: "text/html",
  text: "text/plain",
  xml: "application/xml",
} as const;

export type Format = keyof typeof MEDIA_TYPES;

/**
 * Lets pass whoever takes one of `formats`, the server's favourite first, and sets `request.format`; the others are answered
 * with 406. A query parameter `_format` has the last word; no `accept` header means anything.
 * `Phoenix.Controller.accepts/2`.
 */
export function accepts(...formats: readonly [Format, ...Format[]]): Plug {
  const accept = (request: FastifyRequest): unknown => {
    request.format = negotiate(request, formats);
    return request.format === undefined ? { error: "not_acceptable" } : undefined;
  };
  return Object.assign(accept, { refuses: [406] });
}

function negotiate(request: FastifyRequest, formats: readonly Format[]): Format | undefined {
  const wanted = (request.query as { readonly _format?: unknown } | undefined)?._format;
  if (wanted !== undefined) return formats.find((format) => format === wanted);
  const header = request.headers.accept;
  // What most clients send is not worth the rest.
  if (header === undefined || header === "*/*" || header === MEDIA_TYPES[formats[0]!]) return formats[0];
  if (header.trim() === "") return formats[0];

  let best: Format | undefined;
  let bestQuality = 0;
  const ranges = header.split(",").map(parseRange);
  for (const format of formats) {
    const quality = qualityOf(MEDIA_TYPES[format], ranges);
    if (quality > bestQuality) [best, bestQuality] = [format, quality];
  }
  return best;
}

interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return { type, quality: quality === undefined ? 1 : Number(quality) || 0 };
}

/** How much the most specific range that matches wants `type`: `application/json;q=0` refuses in spite of any star. */
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const matching = (pattern: string): MediaRange | undefined =>
    ranges.find((range) => range.type === pattern);
  const group = `${type.slice(0, type.indexOf("/"))}/*`;
  return (matching(type) ?? matching(group) ?? matching("*/*"))?.quality ?? 0;
}
