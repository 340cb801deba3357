import type { RepoOf, SandboxedRepo } from "./own-database.ts";

type Fill = ((repo: never) => unknown) | undefined;

/** What each database of tests is a copy of: made once by who makes their repos, who fills them, and where they are. */
export class Templates<Template> {
  readonly #made = new WeakMap<object, Map<Fill, Map<string, Promise<Template>>>>();

  /** The template, made by `make` the first time. If that fails, it has failed for all. */
  of<R extends SandboxedRepo>(
    repoOf: RepoOf<R>,
    fill: ((repo: R) => unknown) | undefined,
    where: string,
    make: () => Promise<Template>,
  ): Promise<Template> {
    const byFill = this.#made.get(repoOf) ?? new Map<Fill, Map<string, Promise<Template>>>();
    this.#made.set(repoOf, byFill);
    const byPlace = byFill.get(fill) ?? new Map<string, Promise<Template>>();
    byFill.set(fill, byPlace);
    const template = byPlace.get(where) ?? make();
    byPlace.set(where, template);
    return template;
  }
}
