/** The variables of a path that the pattern matches. */
export type PathMatch = (path: string) => Readonly<Record<string, string>> | undefined;

const NONE = Object.freeze({});

/** `"/socket/:room/websocket"` matches `/socket/lobby/websocket`, with `{ room: "lobby" }`; so it does `/socket//lobby/websocket/`. */
export function matchPath(pattern: string): PathMatch {
  const parts = partsOf(pattern);
  const isPlain = !parts.some((part) => part.startsWith(":"));
  return (path) => {
    if (isPlain && path === pattern) return NONE;
    const given = partsOf(path);
    if (given.length !== parts.length) return undefined;
    const variables: [name: string, value: string][] = [];
    for (const [index, part] of parts.entries()) {
      const value = given[index]!;
      if (!part.startsWith(":")) {
        if (part !== value) return undefined;
        continue;
      }
      const decoded = decode(value);
      if (decoded === undefined) return undefined;
      variables.push([part.slice(1), decoded]);
    }
    return Object.fromEntries(variables);
  };
}

/** As Plug: only what stands between slashes counts. A client that was given `/socket/` asks for `/socket//websocket`. */
function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

/** Undefined for an escape that is no UTF-8. */
function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
