import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";

const root = new URL("../", import.meta.url);
const { bin, scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
  bin: Record<string, string>;
  scripts: Record<string, string>;
};
const entries = [
  ...Object.values(bin),
  ...Object.values(scripts).flatMap((script) => /^node (\S+)$/.exec(script)?.[1] ?? []),
];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(entry: string, nodeFlags: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [...nodeFlags, fileURLToPath(new URL(entry, root))]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** Makes Node say that it is an older one, before anything else runs. */
function pretendingToBe(version: string): string[] {
  const versions = `{ ...process.versions, node: "${version}" }`;
  return [
    "--import",
    `data:text/javascript,Object.defineProperty(process, "versions", { value: ${versions} })`,
  ];
}

test("the entries are those that package.json offers as commands and its scripts start", () => {
  assert.ok(entries.length >= 3, entries.join());
});

for (const entry of entries) {
  describe(entry, () => {
    const olds = {
      "Node 20": pretendingToBe("20.20.2"),
      "Node 22.17": pretendingToBe("22.17.1"),
      "a Node without types": ["--no-strip-types"],
    };
    for (const [name, flags] of Object.entries(olds)) {
      test(`says in one line what it needs when ${name} starts it, and exits with 1`, async () => {
        const { code, stdout, stderr } = await run(entry, flags);
        assert.equal(code, 1);
        assert.equal(stdout, "");
        assert.match(stderr, /^Rookery needs Node\.js 22\.18 or newer[^\n]*npm ci[^\n]*\n$/);
      });
    }
  });
}
