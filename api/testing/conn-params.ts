import { testingError } from "./errors.ts";

/** What of a request its params become. */
export interface RequestParts {
  readonly url: string;
  readonly body?: string | Buffer;
  readonly contentType?: string;
}

const FORM = "application/x-www-form-urlencoded";

/**
 * The query of a request that has no body; otherwise the body: text and bytes as they are, anything else as JSON or, if that is the
 * content type, as a form.
 */
export function requestParts(
  method: string,
  url: string,
  params: unknown,
  contentType: string | undefined,
): RequestParts {
  if (params === undefined) return { url };
  if (method === "GET" || method === "HEAD") {
    const query = form(params);
    if (query === "") return { url };
    return { url: `${url}${url.includes("?") ? "&" : "?"}${query}` };
  }
  if (typeof params === "string" || Buffer.isBuffer(params)) {
    if (contentType === undefined) throw testingError("ROOKERY_TEST_BODY", `${method} ${url}`);
    return { url, body: params };
  }
  if (contentType?.startsWith(FORM) === true) return { url, body: form(params) };
  return { url, body: JSON.stringify(params), contentType: contentType ?? "application/json" };
}

/** `{ ids: [1, 2], user: { name: "Ada" } }` becomes `ids=1&ids=2&user[name]=Ada`, encoded. */
function form(params: unknown): string {
  const pairs = new URLSearchParams();
  const add = (name: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) for (const each of value) add(name, each);
    else if (typeof value === "object" && !(value instanceof Date))
      for (const [key, each] of Object.entries(value)) add(name === "" ? key : `${name}[${key}]`, each);
    else pairs.append(name, value instanceof Date ? value.toISOString() : String(value));
  };
  add("", params);
  return pairs.toString();
}
