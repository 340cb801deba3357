import { stripTypeScriptTypes } from "node:module";

/** One fenced example: the code between ` ```ts doctest ` and its closing fence. */
export interface Doctest {
  /** Of the line after the opening fence, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/** Finds the examples of a source file, inside of its doc comments, or of a Markdown page. */
export function findDoctests(text: string): Doctest[] {
  const found: Doctest[] = [];
  let lines: string[] | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/^\s*\* ?/, "");
    if (lines === undefined) {
      if (/^\s*```ts doctest\s*$/.test(line)) lines = [];
    } else if (/^\s*```\s*$/.test(line)) {
      found.push({ line: index + 1 - lines.length, code: lines.join("\n") });
      lines = undefined;
    } else {
      lines.push(line);
    }
  }
  if (lines !== undefined) throw new Error("an example's fence is not closed");
  return found;
}

/**
 * JavaScript for the body of an async function that runs the example. `expression; // => value` becomes
 * `check(expression, value)`, also where the expression takes several lines or is a declaration's; an import becomes a
 * look-up in `modules`.
 */
export function compileDoctest(code: string): string {
  const statements: string[] = [];
  let pending: string[] = [];
  let depth = 0;
  for (const line of code.split("\n")) {
    const [, source = line, expected] = /^(.*?);?\s*\/\/ => (.*)$/.exec(line) ?? [];
    for (const bracket of source.match(/[()[\]{}]/g) ?? []) depth += "([{".includes(bracket) ? 1 : -1;
    pending.push(expected === undefined ? line : source);
    if (expected !== undefined) {
      if (depth !== 0) throw new Error(`an expected value inside of an expression: ${line}`);
      statements.push(assertion(pending.join("\n"), expected));
      pending = [];
    } else if (depth === 0 && /[;}]\s*(\/\/.*)?$/.test(line)) {
      statements.push(pending.join("\n"));
      pending = [];
    }
  }
  const source = [...statements, ...pending].join("\n");
  return stripTypeScriptTypes(source)
    .replace(/^\s*import\s*(\{[^}]*\})\s*from\s*("[^"]+");?/gm, (_, names: string, from: string) => {
      return `const ${names.replace(/ as /g, ": ")} = modules[${from}];`;
    })
    .replaceAll("import.meta", "meta");
}

function assertion(source: string, expected: string): string {
  const declared = /^\s*(?:const|let)\s+(\w+)/.exec(source)?.[1];
  if (declared === undefined) return `check((${source}), (${expected}));`;
  return `${source};\ncheck(${declared}, (${expected}));`;
}
