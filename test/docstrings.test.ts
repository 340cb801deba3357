import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, test } from "vitest";
import { sourceFiles } from "./support/source-files.ts";

const texts = new Map(sourceFiles().map(({ path, text }) => [path, text]));
/** What users import from. */
const doors = [
  "runtime/index.ts",
  "runtime/testing.ts",
  "supervisors/index.ts",
  "supervisors/testing.ts",
  "channels/index.ts",
  "channels/client/index.ts",
  "channels/testing.ts",
  "api/index.ts",
  "api/testing.ts",
];

/** The names that a door passes on, each with the file it takes it from. */
function passedOn(door: string): (readonly [name: string, path: string])[] {
  const lists = [...texts.get(door)!.matchAll(/export (?:type )?\{([^}]*)\} from "([^"]+)"/g)];
  return lists.flatMap(([, names = "", from = ""]) =>
    names
      .split(",")
      .map((name) =>
        name
          .trim()
          .replace(/^type /, "")
          .replace(/ as .*$/, ""),
      )
      .filter((name) => name !== "")
      .map((name) => [name, posix.join(posix.dirname(door), from)] as const),
  );
}

/** Whether `name` says in `path`, or in the door from where that takes it, what it is. */
function isDocumented(name: string, path: string): boolean {
  const text = texts.get(path)!;
  const declared = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:async )?(?:class|interface|type|const|function\\*?) ${name}\\b`,
    "m",
  ).exec(text);
  if (declared !== null) return /\*\/\s*$/.test(text.slice(0, declared.index));
  const [, from] = passedOn(path).find(([passed]) => passed === name) ?? [];
  return from !== undefined && isDocumented(name, from);
}

describe("a public name", () => {
  test.for(doors)("of %s says what it is", (door) => {
    const names = passedOn(door);
    assert.ok(names.length > 0, "a checker that sees no name passes");
    assert.deepEqual(
      names.filter(([name, path]) => !isDocumented(name, path)).map(([name, path]) => `${path}: ${name}`),
      [],
    );
  });
});
