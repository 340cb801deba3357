import { PATH_VARIABLE } from "../router/path-variable.ts";

export interface PathTemplate {
  /** `/users/{id}`. */
  readonly path: string;
  /** The names in braces, in their order. */
  readonly names: readonly string[];
  /** The parameters as the route calls them, in the same order. */
  readonly params: readonly string[];
}

/** The path of a route as OpenAPI writes it. The rest of a path is called `{wildcard}` there: it has no star. */
function pathTemplate(routePath: string): PathTemplate {
  const params: string[] = [];
  const path = routePath.replace(PATH_VARIABLE, (_, name: string = "*") => {
    params.push(name);
    return `{${templateName(name)}}`;
  });
  return { path, params, names: params.map(templateName) };
}

function templateName(param: string): string {
  return param === "*" ? "wildcard" : param;
}

/** Gives paths that differ in the names of their parameters only one spelling, the first: to OpenAPI they are one path. */
export class PathTemplates {
  readonly #first = new Map<string, PathTemplate>();

  of(routePath: string): PathTemplate {
    const template = pathTemplate(routePath);
    const shape = template.path.replace(/\{[^}]*\}/g, "{}");
    const first = this.#first.get(shape) ?? template;
    this.#first.set(shape, first);
    return { path: first.path, names: first.names, params: template.params };
  }
}
