/** The cookies that a client holds after an answer: those it had, but for what `set-cookie` says. */
export function cookiesAfter(
  held: ReadonlyMap<string, string>,
  setCookies: readonly string[],
): ReadonlyMap<string, string> {
  const cookies = new Map(held);
  for (const [name, { value, expired }] of setCookiesOf(setCookies)) {
    if (expired) cookies.delete(name);
    else cookies.set(name, value);
  }
  return cookies;
}

/** A cookie of an answer, as it was written. */
export interface SetCookie {
  readonly value: string;
  /** Whether the client is told to forget it. */
  readonly expired: boolean;
  /** `Path`, `HttpOnly` and so on, in lower case; `""` for those without a value. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** The cookies of an answer; of several under one name, the last. */
export function setCookiesOf(lines: readonly string[]): ReadonlyMap<string, SetCookie> {
  return new Map(
    lines.map((line) => {
      const [first = "", ...rest] = line.split(";").map((part) => part.trim());
      const [name, value] = halves(first);
      const attributes = new Map(
        rest.map((part) => {
          const [attribute, its] = halves(part);
          return [attribute.toLowerCase(), its];
        }),
      );
      return [name, { value, expired: isExpired(attributes), attributes }];
    }),
  );
}

// No clock: nobody sets a cookie for the blink of an eye, but many servers let one expire in 1970.
function isExpired(attributes: ReadonlyMap<string, string>): boolean {
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  const expires = attributes.get("expires");
  return expires !== undefined && Date.parse(expires) <= 0;
}

function halves(text: string): [string, string] {
  const at = text.indexOf("=");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
