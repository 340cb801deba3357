import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { layerOf, layers, sourceFiles } from "./support/source-files.ts";

const files = sourceFiles();
const page = files.find(({ path }) => path === "docs/errors.md")!.text;

/** The codes of a layer's tables, in the order in which they stand. */
function table(layer: string): string[] {
  const tables = files.filter(({ path }) => path.startsWith(`${layer}/`) && path.endsWith("/errors.ts"));
  const code = tables.map((file) => file.code).join("\n");
  return [...code.matchAll(/^\s*(ROOKERY_[A-Z0-9_]+):/gm)].map((match) => match[1]!);
}

/** The codes with a row under the heading of that layer. */
function rows(layer: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${layer}/`)) ?? "";
  return [...section.matchAll(/^\| `(ROOKERY_[A-Z0-9_]+)` \| [^|]{10,} \| [^|]{10,} \|$/gm)].map(
    (match) => match[1]!,
  );
}

/** Every code that the sources name as a string, which is how one is thrown. */
const thrown = new Set(
  files
    .filter(({ path }) => layerOf(path) !== undefined && path.endsWith(".ts"))
    .flatMap(({ code }) => [...code.matchAll(/"(ROOKERY_[A-Z0-9_]+)"/g)].map((match) => match[1]!)),
);
const tables = new Map(layers.map((layer) => [layer, table(layer)]));
const codes = [...tables.values()].flat();

describe("an error code", () => {
  test("stands in the table of one layer", () => {
    assert.ok(tables.get("runtime")!.length > 0, "a checker that sees no code passes");
    assert.deepEqual(
      codes.filter((code, index) => codes.indexOf(code) !== index),
      [],
    );
  });

  test("is raised somewhere if it stands in a table", () => {
    assert.deepEqual(
      codes.filter((code) => !thrown.has(code)),
      [],
    );
  });

  test("stands in a table if it is raised somewhere", () => {
    assert.deepEqual(
      [...thrown].filter((code) => !codes.includes(code)),
      [],
    );
  });
});

describe("docs/errors.md", () => {
  for (const [layer, expected] of tables) {
    test(`has one row for each code of ${layer}/, saying when it happens and what to do`, () => {
      assert.deepEqual(rows(layer).toSorted(), expected.toSorted());
    });
  }
});
