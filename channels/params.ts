/** A value of a parameter: what stands behind `a=`, a list of `a[]=`, or what stands below `a[b]=`. */
export type ParamValue = string | readonly ParamValue[] | Params;

/** Decoded parameters, without a prototype: `params.constructor` is undefined unless somebody sent it. */
export interface Params {
  readonly [name: string]: ParamValue;
}

type Branch = { [name: string]: ParamValue | Branch | ParamValue[] };

/** Each level of nesting is an object to make: a request gets no deeper. */
const DEPTH_MAX = 32;

/**
 * Decodes a query string as Plug does: `a[b]=c` nests, `a[]=x` makes a list, the last of equal names wins, empty
 * parts are skipped. Undefined when it holds an escape that is no UTF-8, for which the answer is status 400.
 */
export function decodeParams(query: string): Params | undefined {
  const params = emptyBranch();
  for (let from = 0; from < query.length;) {
    const ampersand = query.indexOf("&", from);
    const to = ampersand === -1 ? query.length : ampersand;
    const part = query.slice(from, to);
    from = to + 1;
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    const value = decode(equals === -1 ? "" : part.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    if (name.endsWith("]")) put(params, pathOf(name), value);
    else params[name] = value;
  }
  return params as Params;
}

/** Not made by `Object.create(null)`: V8 keeps that as a dictionary, and calls its runtime for the first name that is put into one. */
function emptyBranch(): Branch {
  return Object.setPrototypeOf({}, null) as Branch;
}

function decode(part: string): string | undefined {
  if (!part.includes("%") && !part.includes("+")) return part;
  try {
    return decodeURIComponent(part.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** `a[b][]` is `["a", "b", ""]`; a name whose brackets don't match is one name. */
function pathOf(name: string): string[] {
  const nested = /^([^[\]]+)((?:\[[^[\]]*\])+)$/.exec(name);
  if (nested === null) return [name];
  const path = [nested[1]!, ...nested[2]!.slice(1, -1).split("][")];
  return path.length > DEPTH_MAX ? [name] : path;
}

function put(params: Branch, path: string[], value: string): void {
  let branch = params;
  for (let i = 0; i < path.length; i += 1) {
    const name = path[i]!;
    if (i === path.length - 1) {
      branch[name] = value;
    } else if (path[i + 1] === "" && i + 2 === path.length) {
      const list = branch[name];
      if (Array.isArray(list)) list.push(value);
      else branch[name] = [value];
      return;
    } else {
      let below = branch[name];
      if (typeof below !== "object" || Array.isArray(below)) branch[name] = below = emptyBranch();
      branch = below as Branch;
    }
  }
}
