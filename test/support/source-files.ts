import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** The layers, lowest first: each may import from those before it. */
export const layers = ["runtime", "supervisors", "channels", "api", "demo"] as const;
export type Layer = (typeof layers)[number];

/** A text file of the repository. `code` is its text with the comments blanked out, line by line the same. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly code: string;
}

const rootUrl = new URL("../../", import.meta.url);
const binary = /\.(png|jpe?g|ico|woff2?|gz|db)$/;

/** All text files that git tracks or would track, without the lock file, which npm writes. */
export function sourceFiles(): SourceFile[] {
  const git = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const paths = execFileSync("git", git, { cwd: rootUrl, encoding: "utf8", maxBuffer: 1 << 26 });
  return paths
    .split("\n")
    .filter((path) => path !== "" && path !== "package-lock.json" && !binary.test(path))
    .filter((path) => existsSync(new URL(path, rootUrl))) // deleted, but still in the index
    .map((path) => {
      const text = readFileSync(new URL(path, rootUrl), "utf8");
      return { path, text, code: withoutComments(text) };
    });
}

/** Strings are matched too, so that a `//` inside one doesn't start a comment. */
const commentOrString = /\/\*[^]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

function withoutComments(text: string): string {
  return text.replace(commentOrString, (match) =>
    match.startsWith("/*") || match.startsWith("//") ? match.replace(/[^\n]/g, " ") : match,
  );
}

export function layerOf(path: string): Layer | undefined {
  return layers.find((layer) => path.startsWith(`${layer}/`));
}
