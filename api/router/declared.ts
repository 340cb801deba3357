import type { ResourceAction } from "./resources.ts";

/** What a declaration hands back, so that the compiler knows the paths of a router. */
export interface Declared<Path extends string = string> {
  readonly paths: readonly Path[];
}

/** What the function that declares routes returns: one declaration, a list of them, or nothing if their paths need not be known. */
export type Declaration = Declared | readonly Declared[] | void;

/** The paths of what such a function returns. */
export type PathsOf<D> =
  D extends Declared<infer Path> ? Path : D extends readonly Declared<infer Path>[] ? Path : never;

type Trimmed<Path extends string> = Path extends `${infer Front}/` ? Trimmed<Front> : Path;

/** A path below a prefix, without slashes at its end; `""` for the root. */
export type Below<Prefix extends string, Path extends string> = `${Prefix}${Trimmed<Path>}`;

/** The path of a route there. */
export type RoutePath<Prefix extends string, Path extends string> =
  Below<Prefix, Path> extends "" ? "/" : Below<Prefix, Path>;

type LastPart<Path extends string> = Path extends `${string}/${infer Rest}` ? LastPart<Rest> : Path;
type Singular<Part extends string> = Part extends `${infer One}s` ? One : Part;

type OptionOf<Options, Name extends string, Otherwise> = Options extends {
  readonly [N in Name]: infer Value;
}
  ? Value
  : Otherwise;

type ParamOf<Options> = OptionOf<Options, "param", "id"> & string;
type NameOf<Path extends string, Options> = OptionOf<Options, "name", Singular<LastPart<Trimmed<Path>>>> &
  string;

type ActionsOf<Options> = Exclude<
  OptionOf<Options, "only", readonly ResourceAction[]> extends readonly (infer Only)[] ? Only : never,
  OptionOf<Options, "except", readonly []> extends readonly (infer Except)[] ? Except : never
>;

interface Suffixes<Member extends string> {
  readonly index: "";
  readonly create: "";
  readonly new: "/new";
  readonly show: Member;
  readonly update: Member;
  readonly delete: Member;
  readonly edit: `${Member}/edit`;
}

/** What follows the path of a resource in those of its routes. */
type SuffixOf<Options> = Suffixes<
  Options extends { readonly singleton: true } ? "" : `/:${ParamOf<Options>}`
>[ActionsOf<Options> & ResourceAction];

/** The paths of the routes of a resource. */
export type ResourcePaths<Prefix extends string, Path extends string, Options> = RoutePath<
  Prefix,
  `${Trimmed<Path>}${SuffixOf<Options>}`
>;

/** Where what is nested in a resource begins. */
export type NestedPrefix<Prefix extends string, Path extends string, Options> = Options extends {
  readonly singleton: true;
}
  ? Below<Prefix, Path>
  : `${Below<Prefix, Path>}/:${NameOf<Path, Options>}_${ParamOf<Options>}`;
