import assert from "node:assert/strict";
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { describe, test } from "vitest";
import { layerOf, layers, sourceFiles } from "./support/source-files.ts";
import type { Layer, SourceFile } from "./support/source-files.ts";

const files = sourceFiles();
const scripts = files.filter(({ path }) => /\.(ts|js)$/.test(path));
const sources = scripts.filter(({ path }) => layerOf(path) !== undefined && path.endsWith(".ts"));

/** What each layer may import from npm. The demo and the tests may import anything. */
const packages: Record<Exclude<Layer, "demo">, RegExp> = {
  runtime: /^(piscina|msgpackr)$/,
  supervisors: /^$/,
  channels: /^(ws|msgpackr|@redis\/client)$/,
  api: /^(fastify|fastify-plugin|@fastify\/.+|better-sqlite3|kysely|pg|pino|zod|@opentelemetry\/api)$/,
};

/** Alternatives to one another, which must not know each other. */
const siblings = /\/(adapters|serializers|transports|plugs)$/;
const door = /^(index|internal|testing)\.ts$/;

/** Every rule prints its offenders as `path: what`, so that a failure says where to go. */
function offences(among: SourceFile[], find: (file: SourceFile) => Iterable<string>): string[] {
  assert.ok(among.length > 0, "a checker that sees no file passes");
  return among.flatMap((file) => [...find(file)].map((offence) => `${file.path}: ${offence}`));
}

function matches(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map((match) => {
    const line = text.slice(0, match.index).split("\n").length;
    return `line ${line}: ${match[0].trim()}`;
  });
}

const importPattern =
  /\b(?:import|export)\b[^;"'`]*?\bfrom\s*"([^"]+)"|\bimport\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/g;

function imports({ code }: SourceFile): string[] {
  return [...code.matchAll(importPattern)].map(([, from, bare, dynamic]) => (from ?? bare ?? dynamic)!);
}

/** Why `layer`, at `path`, may not import `specifier`; undefined if it may. */
function refusal(path: string, layer: Layer, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) {
    const [scope = "", name] = specifier.split("/");
    const packageName = scope.startsWith("@") ? `${scope}/${name}` : scope;
    if (isBuiltin(specifier) || layer === "demo") return undefined;
    return packages[layer].test(packageName) ? undefined : `may not import the package ${specifier}`;
  }
  const target = posix.join(posix.dirname(path), specifier);
  const targetLayer = layerOf(target);
  if (targetLayer === layer) {
    const folder = posix.dirname(path);
    if (siblings.test(folder) && posix.dirname(target) === folder)
      return `may not import its sibling ${target}`;
    return undefined;
  }
  if (targetLayer === undefined) return `may not import ${target}, which is in no layer`;
  if (layer === "demo") return `may import ${targetLayer} by its public subpath only, not ${target}`;
  if (layers.indexOf(targetLayer) > layers.indexOf(layer)) return `may not import upwards, from ${target}`;
  const name = posix.basename(target);
  if (posix.dirname(target) !== targetLayer || !door.test(name))
    return `may not import past a door, ${target}`;
  if (name === "testing.ts" && !/^[^/]+\/testing[./]/.test(path))
    return `may not import ${target} outside of tests`;
  return undefined;
}

describe("layers", () => {
  test("every layer has sources, and a public door unless it is the demo", () => {
    for (const layer of layers) {
      const own = sources.filter(({ path }) => layerOf(path) === layer);
      assert.ok(own.length > 3, `${layer} has ${own.length} source files`);
      if (layer !== "demo") assert.ok(own.some(({ path }) => path === `${layer}/index.ts`));
    }
  });

  test("import downwards only, through doors, and only the packages of their layer", () => {
    let seen = 0;
    const offenders = offences(sources, (file) =>
      imports(file).flatMap((specifier) => {
        seen += 1;
        return refusal(file.path, layerOf(file.path)!, specifier) ?? [];
      }),
    );
    assert.deepEqual(offenders, []);
    assert.ok(seen > sources.length, `saw only ${seen} imports`);
  });

  test("are imported by tests from the layer under test or below, there through doors", () => {
    // The conformance suites drive several layers at once, below their doors too.
    const tests = scripts.filter(({ path }) => /^(test|bench)\/(?!conformance\/)/.test(path));
    const offenders = offences(tests, (file) => {
      const own = layers.find((layer) => file.path.startsWith(`test/${layer}/`));
      return imports(file).flatMap((specifier) => {
        const target = posix.join(posix.dirname(file.path), specifier);
        const targetLayer = specifier.startsWith(".") ? layerOf(target) : undefined;
        if (targetLayer === undefined || targetLayer === own) return [];
        if (own !== undefined && layers.indexOf(targetLayer) > layers.indexOf(own))
          return `imports upwards, from ${target}`;
        return door.test(posix.basename(target)) || targetLayer === "demo"
          ? []
          : `imports past a door, ${target}`;
      });
    });
    assert.deepEqual(offenders, []);
  });

  test("have doors that only pass names on, written out", () => {
    const doors = sources.filter(({ path }) => /^[^/]+\/(index|internal|testing)\.ts$/.test(path));
    const passesOn = /\bexport\s+(type\s+)?\{[^}]*\}\s*from\s*"[^"]+";?/g;
    assert.deepEqual(
      offences(doors, ({ code }) => matches(/\S.*/g, code.replace(passesOn, ""))),
      [],
    );
  });
});

describe("the demo", () => {
  const demo = sources.filter(({ path }) => layerOf(path) === "demo");
  const contexts = demo.filter(({ path }) => /^demo\/(accounts|chat|orders)\//.test(path));
  const web = demo.filter(({ path }) => /^demo\/(controllers|views|sockets)\//.test(path));
  const target = ({ path }: SourceFile, specifier: string): string =>
    specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;

  test("has contexts that know nothing of controllers, views, sockets and routes", () => {
    const offenders = offences(contexts, (file) =>
      imports(file)
        .map((specifier) => target(file, specifier))
        .filter((to) => /^fastify$|^demo\/(controllers|views|sockets|router|server|demo-tree)\b/.test(to)),
    );
    assert.deepEqual(offenders, []);
  });

  test("has controllers, views and sockets that ask a context and never the database", () => {
    const offenders = offences(web, (file) => [
      ...imports(file)
        .map((specifier) => target(file, specifier))
        .filter((to) => /^kysely$|^demo\/database\.ts$|\/migrations\.ts$/.test(to)),
      ...matches(/\bRepo\b|\.(selectFrom|insertInto|updateTable|deleteFrom|transaction)\(/g, file.code),
    ]);
    assert.deepEqual(offenders, []);
  });
});

describe("sources", () => {
  test("touch time and chance only in runtime/clock.ts and runtime/random.ts", () => {
    const banned =
      /(?<![.\w])(setTimeout|setInterval|Date\.now|performance\.now|Math\.random)\(|\bnew Date\(\)/g;
    const mayTouch = new Set(["runtime/clock.ts", "runtime/random.ts"]);
    const others = sources.filter(({ path }) => !mayTouch.has(path));
    assert.deepEqual(
      offences(others, ({ code }) => matches(banned, code)),
      [],
    );
  });

  test("and tests never sleep", () => {
    const banned =
      /(?<![.\w])(setTimeout|setInterval|sleep)\(|\b(setTimeout|scheduler)\b[^}]*\} from "node:timers\/promises"/g;
    const tests = scripts.filter(({ path }) => path.startsWith("test/") && path !== "test/tidy.test.ts");
    assert.deepEqual(
      offences(tests, ({ code }) => matches(banned, code)),
      [],
    );
  });

  test("give up no types", () => {
    const banned = /(:|\bas|<|\||,)\s*any\b(?!\s*[:(.])|@ts-(ignore|nocheck|expect-error)/g;
    const doorless = sources.filter(({ path }) => layerOf(path) !== "demo");
    assert.deepEqual(
      offences(doorless, ({ code }) => matches(banned, code)),
      [],
    );
  });

  test("are named after the one thing they define, in kebab case", () => {
    const vague = /^(utils?|helpers?|common|types|misc|shared)\b/;
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|test-d|d))?\.(ts|js)$/;
    const offenders = offences(scripts, ({ path }) => {
      const name = posix.basename(path);
      return path.includes("/") && (vague.test(name) || (!kebab.test(name) && name !== "vitest.config.ts"))
        ? [name]
        : [];
    });
    assert.deepEqual(offenders, []);
  });

  test("have at most 400 code lines, and a median that a reader can hold in mind", () => {
    const lines = (file: SourceFile): number =>
      file.code.split("\n").filter((line) => line.trim() !== "").length;
    assert.deepEqual(
      offences(sources, (file) => (lines(file) > 400 ? [`${lines(file)} code lines`] : [])),
      [],
    );
    const median = sources.map(lines).toSorted((a, b) => a - b)[sources.length >> 1]!;
    assert.ok(median <= 170, `the median is ${median} code lines`);
  });
});

describe("the repository", () => {
  test("has no unfinished business", () => {
    assert.deepEqual(
      offences(files, ({ path, text }) =>
        path === "test/tidy.test.ts" ? [] : matches(/\b(TODO|FIXME|XXX|HACK)\b/g, text),
      ),
      [],
    );
  });

  test("names no path of a machine and no registry host", () => {
    const banned = /(?<![\w.-])\/(work|farm|tmp|root|home)\/\w|registry\.npmjs|deb\.debian\.org/g;
    assert.deepEqual(
      offences(files, ({ path, text }) => (path === "test/tidy.test.ts" ? [] : matches(banned, text))),
      [],
    );
  });
});
