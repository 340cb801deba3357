// Plain JavaScript for any Node: an old one can't read TypeScript, so this has to be evaluated, as the first
// static import of an entry, before that entry imports anything else dynamically.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
const isOld = major < 22 || (major === 22 && minor < 18);

// Node 23.0 to 23.5 and `--no-strip-types` are new enough by number, yet read no TypeScript. What was built needs none.
const isBuilt = !existsSync(new URL("index.ts", import.meta.url));
if (isBuilt && isOld) {
  process.stderr.write(`Rookery needs Node.js 22.18 or newer; this is ${process.version}.\n`);
  process.exit(1);
}
if (!isBuilt && (isOld || !process.features.typescript)) {
  process.stderr.write(
    `Rookery needs Node.js 22.18 or newer that reads TypeScript; this is ${process.version}. ` +
      "Run `npm ci` once, then `npm start` (or `npm test`, `npm run bench`): npm's scripts use the Node.js 24 that `npm ci` brings.\n",
  );
  process.exit(1);
}
