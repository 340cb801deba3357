import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as api from "rookery/api";
import * as channels from "rookery/channels";
import * as rookery from "rookery";
import * as testing from "rookery/testing";
import { compileDoctest, findDoctests } from "./support/doctest.ts";
import { layerOf, sourceFiles } from "./support/source-files.ts";

const modules = {
  rookery,
  "rookery/channels": channels,
  "rookery/api": api,
  "rookery/testing": testing,
} as const;

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<void>;

/** What a channel's examples take for granted. */
const socket = new channels.Socket({} as never, undefined, Object.freeze({}));

/** Runs an example inside of a process of its own runtime, with `self`, `runtime`, `socket` and every public name in reach. */
async function run(code: string, ownExports: Record<string, unknown>): Promise<void> {
  const runtime = await rookery.Runtime.start();
  const names: Record<string, unknown> = { ...api, ...channels, ...testing, ...rookery, ...ownExports };
  let checks = 0;
  const check = (actual: unknown, expected: unknown): void => {
    checks += 1;
    assert.deepEqual(actual, expected);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      runtime.spawn(async (self) => {
        const scope = { ...names, runtime, self, socket, check, modules, meta: import.meta };
        const imported = Object.keys(scope).filter(
          (name) => !new RegExp(`const \\{[^}]*\\b${name}\\b[^}]*\\} = modules`).test(code),
        );
        const body = new AsyncFunction(...imported, code);
        await body(...imported.map((name) => scope[name as keyof typeof scope])).then(resolve, reject);
      });
    });
    assert.ok(checks > 0, "an example that asserts nothing shows nothing");
  } finally {
    await runtime.shutdown();
  }
}

const documented = sourceFiles().filter(({ path, text }) => {
  return (layerOf(path) !== undefined || path.endsWith(".md")) && text.includes("```ts doctest");
});

test("examples are found in the sources and in the README", () => {
  assert.ok(documented.some(({ path }) => path === "README.md"));
  assert.ok(documented.some(({ path }) => path.endsWith(".ts")));
});

for (const { path, text } of documented) {
  describe(path, () => {
    for (const { line, code } of findDoctests(text)) {
      test(`the example at line ${line} shows what happens`, async () => {
        const own = path.endsWith(".ts") ? await import(new URL(`../${path}`, import.meta.url).href) : {};
        await run(compileDoctest(code), own);
      });
    }
  });
}
