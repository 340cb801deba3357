import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { layerOf, layers, type SourceFile, sourceFiles } from "./support/source-files.ts";

const files = sourceFiles();
const page = files.find(({ path }) => path === "docs/errors.md")!.text;

function tablesOf(layer: string): SourceFile[] {
  return files.filter(({ path }) => path.startsWith(`${layer}/`) && path.endsWith("/errors.ts"));
}

/** The codes of a layer's tables, in the order in which they stand. */
function table(layer: string): string[] {
  const tables = tablesOf(layer);
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

/** The texts of all tables, by code, as the modules have them. */
async function allTexts(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const { path } of layers.flatMap(tablesOf)) {
    const exported = (await import(new URL(`../${path}`, import.meta.url).href)) as Record<
      string,
      Record<string, unknown>
    >;
    for (const [code, text] of Object.values(exported).flatMap((value) => Object.entries(value)))
      if (code.startsWith("ROOKERY_")) texts.set(code, String(text));
  }
  return texts;
}

describe("an error code", () => {
  test("stands in the table of one layer", () => {
    assert.ok(tables.get("runtime")!.length > 0, "a checker that sees no code passes");
    assert.deepEqual(
      codes.filter((code, index) => codes.indexOf(code) !== index),
      [],
    );
  });

  test("has a text that says what was expected and what came instead", async () => {
    const texts = await allTexts();
    assert.deepEqual([...texts.keys()].toSorted(), codes.toSorted());
    const form = /^Expected [^]*(, got |\ngot |, but |: %s)/;
    assert.deepEqual(
      [...texts].filter(([, text]) => !form.test(text)),
      [],
    );
  });

  test("is what every error has that is thrown", () => {
    const bare = /throw new (Type|Range|Reference|Syntax)?Error\(/;
    const throwing = files.filter(
      ({ path, code }) => layerOf(path) !== undefined && path.endsWith(".ts") && bare.test(code),
    );
    assert.deepEqual(
      throwing.map(({ path }) => path),
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
