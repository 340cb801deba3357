import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";

type Versions = Readonly<Record<string, string>>;

/** What is read of a `package.json`. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Versions;
  readonly devDependencies: Versions;
  readonly [field: string]: unknown;
}

/** What is compiled for this repository and no part of the package. */
const UNPUBLISHED = ["demo"];
/** Fields that only say how the repository is worked on. */
const WORKSHOP = ["private", "scripts", "devDependencies", "allowScripts"];
const SPECIFIER = /\b(?:from|import|import\(|import\.meta\.resolve\()\s*"([^"]+)"/g;

/**
 * The `package.json` of the compiled package in the folder `dist`. The repository's own exports TypeScript, which Node.js reads in a
 * program's own files but not under `node_modules`; this one exports what that was compiled to. It depends on what the
 * compiled files import, and on the types that their declarations speak of.
 */
export function publishedManifest(own: Manifest, dist: string): object {
  const kept = Object.entries(own).filter(([field]) => !WORKSHOP.includes(field));
  const exports = Object.entries(own.exports).map(([door, path]) => [door, compiledDoor(path)]);
  return {
    ...Object.fromEntries(kept),
    exports: { ...Object.fromEntries(exports), "./package.json": "./package.json" },
    files: ["**/*", ...UNPUBLISHED.map((folder) => `!${folder}`)],
    dependencies: neededPackages(own, dist),
  };
}

function compiledDoor(path: string): { readonly types: string; readonly default: string } {
  return { types: path.replace(/\.ts$/, ".d.ts"), default: path.replace(/\.ts$/, ".js") };
}

function neededPackages({ dependencies, devDependencies }: Manifest, dist: string): Versions {
  const needed: Record<string, string> = {};
  const inDeclarations = importedPackages(dist, "d.ts");
  for (const name of [...importedPackages(dist, "js"), ...inDeclarations]) {
    const version = dependencies[name];
    if (version !== undefined) needed[name] = version;
  }
  for (const name of inDeclarations) {
    const types = `@types/${isBuiltin(name) ? "node" : name}`;
    const version = devDependencies[types];
    if (version !== undefined) needed[types] = version;
  }
  return Object.fromEntries(Object.entries(needed).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the published files of one kind import by the name of a package. */
function importedPackages(dist: string, suffix: "js" | "d.ts"): Set<string> {
  const paths = globSync(`**/*.${suffix}`, { cwd: dist, exclude: [...UNPUBLISHED, "node_modules"] });
  const specifiers = paths.flatMap((path) =>
    [...readFileSync(join(dist, path), "utf8").matchAll(SPECIFIER)].map(([, specifier]) => specifier!),
  );
  return new Set(
    specifiers
      .filter((specifier) => !specifier.startsWith("."))
      .map((specifier) =>
        specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/"),
      ),
  );
}
