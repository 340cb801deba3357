import { testingError } from "../errors.ts";
import type { OpenApiParameter } from "../../openapi/document.ts";
import type { SeededRandom } from "../../../runtime/testing.ts";
import { type DocumentSchemas, typesOf } from "./document-schemas.ts";
import type { FuzzOperation } from "./fuzz-operation.ts";
import type { KnownValues } from "./known-values.ts";
import { SpoiledValues } from "./spoiled-value.ts";
import { ValidValues } from "./valid-value.ts";

const TRIES_MAX = 50;

/** A request as `fetch` and `inject` take it. */
export interface FuzzRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What about a request is not as the document says. */
export type Flaw = "body" | "parameter" | "credential" | "json" | "media type" | "accept";

export const FLAWS: readonly Flaw[] = ["body", "parameter", "credential", "json", "media type", "accept"];

/** A request with what is known about it; `flaw` says in words what is wrong with it, if something is. */
export interface FuzzCase {
  readonly operation: FuzzOperation;
  readonly request: FuzzRequest;
  readonly flaw: string | undefined;
}

/** Makes the requests of one run. */
export class FuzzRequests {
  readonly #schemas: DocumentSchemas;
  readonly #random: SeededRandom;
  readonly #valid: ValidValues;
  readonly #spoiled: SpoiledValues;
  readonly #credentials: Readonly<Record<string, string>>;

  constructor(
    schemas: DocumentSchemas,
    random: SeededRandom,
    known: KnownValues,
    credentials: Readonly<Record<string, string>>,
  ) {
    this.#schemas = schemas;
    this.#random = random;
    this.#valid = new ValidValues(schemas, random, known);
    this.#spoiled = new SpoiledValues(schemas, random);
    this.#credentials = credentials;
  }

  /** A request that is as the document says, about what is known or about something else. */
  valid(operation: FuzzOperation, isKnown: boolean): FuzzCase {
    const draft = this.#draft(operation, isKnown);
    return { operation, request: sent(operation, draft), flaw: undefined };
  }

  /** A request with one flaw; undefined if this operation allows everything in that respect. */
  flawed(operation: FuzzOperation, flaw: Flaw): FuzzCase | undefined {
    const draft = this.#draft(operation, this.#random.below(2) === 0);
    const said = this.#spoil(operation, flaw, draft);
    return said === undefined ? undefined : { operation, request: sent(operation, draft), flaw: said };
  }

  #draft(operation: FuzzOperation, isKnown: boolean): Draft {
    const draft: Draft = {
      path: new Map(),
      query: new Map(),
      headers: { accept: "application/json" },
      body: undefined,
    };
    for (const parameter of operation.parameters) {
      if (parameter.required !== true && this.#random.below(2) === 0) continue;
      put(draft, parameter, this.#parameter(operation, parameter, isKnown));
    }
    for (const { name, scheme } of operation.demands) {
      const secret = this.#credentials[name];
      if (secret === undefined) throw testingError("ROOKERY_FUZZ_CREDENTIALS", name, operation.id);
      show(draft, scheme, secret);
    }
    if (operation.takesBody)
      draft.body = JSON.stringify(
        this.#valid.of(operation.body, { what: resourceIn(operation.path), isKnown }),
      );
    return draft;
  }

  /** Texts of a valid value: several for an array. */
  #parameter(
    { path }: FuzzOperation,
    { schema, name, in: place }: OpenApiParameter,
    isKnown: boolean,
  ): readonly string[] {
    const what = place === "path" ? resourceIn(path.slice(0, path.indexOf(`{${name}}`))) : resourceIn(path);
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const value = this.#valid.of(schema, { key: name, what, isKnown });
      const texts = (Array.isArray(value) ? value : [value]).map(String);
      if (texts.every((text) => isSendable(text, place))) return texts;
    }
    throw testingError("ROOKERY_FUZZ_SCHEMA", JSON.stringify(schema));
  }

  /** Puts a flaw into the draft and says which. */
  #spoil(operation: FuzzOperation, flaw: Flaw, draft: Draft): string | undefined {
    const { takesBody, demands, insists, responses } = operation;
    switch (flaw) {
      case "body": {
        if (!takesBody) return undefined;
        const spoiled = this.#spoiled.of(operation.body, JSON.parse(draft.body!));
        if (spoiled === undefined) return undefined;
        draft.body = JSON.stringify(spoiled.value);
        return `in the body, ${spoiled.problem}`;
      }
      case "parameter":
        return this.#spoilParameter(operation, draft);
      case "credential": {
        const demand = demands[0];
        if (demand === undefined || !insists) return undefined;
        const isAbsent = this.#random.below(2) === 0;
        if (isAbsent) hide(draft, demand.scheme);
        else show(draft, demand.scheme, [...this.#credentials[demand.name]!].reverse().join(""));
        return isAbsent ? `no ${demand.name}` : `a ${demand.name} that nobody was given`;
      }
      case "json":
        if (!takesBody) return undefined;
        draft.body = this.#one(["{", "", '{"a":}', `${draft.body},`, "undefined", "\u0000"]);
        return `the body ${JSON.stringify(draft.body)}, which is not JSON`;
      case "media type":
        if (!takesBody || !("415" in responses)) return undefined;
        draft.mediaType = this.#one(["text/plain", "application/xml", "image/png", "nonsense"]);
        return `the media type ${draft.mediaType}`;
      case "accept":
        if (!("406" in responses)) return undefined;
        draft.headers["accept"] = this.#one(["image/png", "application/json;q=0", "text/x-nothing"]);
        return `the header accept: ${draft.headers["accept"]}`;
    }
  }

  #spoilParameter({ parameters }: FuzzOperation, draft: Draft): string | undefined {
    if (parameters.length === 0) return undefined;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const parameter = this.#one(parameters);
      const { name, schema, in: place } = parameter;
      if (place !== "path" && parameter.required === true && this.#random.below(4) === 0) {
        put(draft, parameter, []);
        return `no ${place} parameter ${name}`;
      }
      const takesSeveral = typesOf(this.#schemas.flat(schema)).includes("array");
      const spoiled = this.#spoiled.of(schema, this.#valid.of(schema))?.value;
      // In a request everything is text, and what is read from it is the server's business.
      const texts = (Array.isArray(spoiled) ? spoiled : [spoiled]).map(String);
      if (texts.length !== 1 && !takesSeveral && place !== "query") continue;
      if (texts.length === 0 || !texts.every((text) => text.trim() !== "" && isSendable(text, place)))
        continue;
      const readings = texts.length === 1 && !takesSeveral ? readingsOf(texts[0]!) : [texts];
      if (readings.some((reading) => this.#schemas.problem(schema, reading) === undefined)) continue;
      put(draft, parameter, texts);
      return `the ${place} parameter ${name}=${JSON.stringify(texts.join("&"))}`;
    }
    return undefined;
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)]!;
  }
}

interface Draft {
  readonly path: Map<string, string>;
  readonly query: Map<string, readonly string[]>;
  readonly headers: Record<string, string>;
  body: string | undefined;
  mediaType?: string;
}

/** What a path is about, by the last word in it: `users` of `/api/users/{id}`. */
export function resourceIn(path: string): string {
  return path.split("/").findLast((segment) => segment !== "" && !segment.startsWith("{")) ?? "";
}

/** Everything that a text of a request may stand for. */
function readingsOf(text: string): readonly unknown[] {
  const number = Number(text);
  const readings: unknown[] = [text, [text]];
  if (!Number.isNaN(number)) readings.push(number);
  if (text === "true" || text === "false") readings.push(text === "true");
  if (text === "null") readings.push(null);
  return readings;
}

/** Dots would be taken for steps in the path, half characters are none in UTF-8, and headers are in Latin-1 on one line. */
function isSendable(text: string, place: string): boolean {
  if (!text.isWellFormed()) return false;
  if (place === "path") return text !== "" && !/^\.+$/.test(text);
  return place === "query" || /^[\x21-\x7e]*$/.test(text);
}

function put(
  { path, query, headers }: Draft,
  { name, in: place }: OpenApiParameter,
  texts: readonly string[],
): void {
  if (place === "path") path.set(name, texts.join(","));
  else if (place === "query") query.set(name, texts);
  else if (place === "header") headers[name.toLowerCase()] = texts.join(",");
  else headers["cookie"] = `${name}=${texts.join(",")}`;
}

function show(
  { headers, query }: Draft,
  { type, scheme, in: place, name }: Readonly<Record<string, unknown>>,
  secret: string,
): void {
  if (type !== "apiKey") headers["authorization"] = `${scheme === "basic" ? "Basic" : "Bearer"} ${secret}`;
  else if (place === "query") query.set(String(name), [secret]);
  else
    headers[place === "cookie" ? "cookie" : String(name).toLowerCase()] =
      place === "cookie" ? `${String(name)}=${secret}` : secret;
}

function hide({ headers, query }: Draft, { type, in: place, name }: Readonly<Record<string, unknown>>): void {
  if (type !== "apiKey") delete headers["authorization"];
  else if (place === "query") query.delete(String(name));
  else delete headers[place === "cookie" ? "cookie" : String(name).toLowerCase()];
}

function sent({ method, path }: FuzzOperation, draft: Draft): FuzzRequest {
  const filled = path.replace(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(draft.path.get(name) ?? ""),
  );
  const query = [...draft.query]
    .flatMap(([name, texts]) =>
      texts.map((text) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`),
    )
    .join("&");
  const mediaType = draft.body === undefined ? {} : { "content-type": draft.mediaType ?? "application/json" };
  return {
    method,
    path: query === "" ? filled : `${filled}?${query}`,
    headers: { ...draft.headers, ...mediaType },
    body: draft.body,
  };
}
