import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Manifest, publishedManifest } from "./manifest.ts";

/**
 * Makes `dist/`, or the folder that is named: the program and the package as JavaScript, with types and source maps, for a
 * Node.js that reads no TypeScript.
 */
const root = fileURLToPath(new URL("../", import.meta.url));
const dist = resolve(process.argv[2] ?? join(root, "dist"));
/** What is JavaScript or no code at all already. */
const COPIED = [
  "LICENSE",
  "README.md",
  "CHANGELOG.md",
  "node-version.js",
  "api/command-line/rookery.js",
  "api/dashboard/web",
  "demo/web",
];
/** What loads TypeScript by its name. */
const ENTRIES = ["demo/start.js", "api/command-line/rookery.js"];

rmSync(dist, { recursive: true, force: true });
try {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const project = ["--project", "tsconfig.build.json", "--outDir", dist];
  execFileSync(process.execPath, [compiler, ...project], { cwd: root, stdio: "inherit" });
} catch {
  // The compiler has said what is wrong.
  process.exit(1);
}
for (const path of COPIED) cpSync(join(root, path), join(dist, path), { recursive: true });
for (const entry of ENTRIES)
  writeFileSync(join(dist, entry), readFileSync(join(root, entry), "utf8").replaceAll('.ts"', '.js"'));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
writeFileSync(
  join(dist, "package.json"),
  `${JSON.stringify(publishedManifest(manifest, dist), undefined, 2)}\n`,
);
