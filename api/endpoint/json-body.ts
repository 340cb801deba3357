import { isUtf8 } from "node:buffer";
import { errorCodes, type FastifyInstance } from "fastify";

/** Deeper than this no document is, and whoever walks through one by recursion shall come to its end. */
export const NESTING_MAX = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/**
 * Reads bodies of JSON as Fastify does, and refuses besides, with 400, what is not UTF-8, which would be read as something that nobody
 * has written, and what is nested more than `NESTING_MAX` levels deep. Nothing at all is no body, as in Plug: many clients
 * announce JSON with each request, also a DELETE.
 */
export function parseJsonBodies(app: FastifyInstance): void {
  const { onProtoPoisoning = "error", onConstructorPoisoning = "error" } = app.initialConfig;
  const parse = app.getDefaultJsonParser(onProtoPoisoning, onConstructorPoisoning);
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body) || isNestedDeeper(body, NESTING_MAX))
      return done(new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY());
    // It answers by `done`; that it might answer a promise is only in its type.
    void parse(request, body.toString(), done);
  });
}

/** Whether lists and objects stand in one another more than `levels` deep. Of what is no JSON it may say anything. */
export function isNestedDeeper(json: Uint8Array, levels: number): boolean {
  if (json.length <= levels) return false;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index];
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === LIST || byte === OBJECT) {
      depth += 1;
      if (depth > levels) return true;
    } else if (byte === LIST_END || byte === OBJECT_END) depth -= 1;
  }
  return false;
}
