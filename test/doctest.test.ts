import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as api from "rookery/api";
import * as apiTesting from "rookery/api/testing";
import * as channels from "rookery/channels";
import * as rookery from "rookery";
import * as testing from "rookery/testing";
import { compileDoctest, findDoctests } from "./support/doctest.ts";
import { layerOf, sourceFiles } from "./support/source-files.ts";

type Names = Readonly<Record<string, unknown>>;

const modules = {
  rookery,
  "rookery/channels": channels,
  "rookery/api": api,
  "rookery/api/testing": apiTesting,
  "rookery/testing": testing,
};

/** Where two doors have the same name, an example means the one of its own layer. */
const doors: Readonly<Record<string, Names>> = { channels, api };

/** What examples about channels take for granted. */
const socket = new channels.Socket({} as never, undefined, Object.freeze({}));

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<void>;

/** Runs an example in a process of a runtime of its own, with `self`, `runtime` and every public name in reach. */
async function run(code: string, names: Names): Promise<void> {
  const runtime = await rookery.Runtime.start({ logger: rookery.silentLogger });
  let checks = 0;
  const check = (actual: unknown, expected: unknown): void => {
    checks += 1;
    assert.deepEqual(actual, expected);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      runtime.spawn(async (self) => {
        const scope: Names = { ...names, runtime, self, socket, check, modules, meta: import.meta };
        // In a block of its own, so that an example may declare what is in reach anyhow.
        const body = new AsyncFunction(...Object.keys(scope), `{ ${code} }`);
        await body(...Object.values(scope)).then(resolve, reject);
      });
    });
  } finally {
    await runtime.shutdown();
  }
  assert.ok(checks > 0, "an example that asserts nothing shows nothing");
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
        const url = new URL(`../${path}`, import.meta.url).href;
        const own = path.endsWith(".ts") ? ((await import(url)) as Names) : {};
        const all = {
          ...testing,
          ...apiTesting,
          ...api,
          ...channels,
          ...rookery,
          ...doors[layerOf(path) ?? ""],
          ...own,
        };
        await run(compileDoctest(code), all);
      });
    }
  });
}
