import assert from "node:assert/strict";
import { fastify } from "fastify";
import { describe, test } from "vitest";
import { comparePaths, type PathOrder } from "../../../api/router/path-order.ts";

describe("comparePaths", () => {
  const cases: [string, string, PathOrder][] = [
    ["/users", "/users", "same"],
    ["/users/:id", "/users/:name", "same"],
    ["/users/new", "/users/:id", "first"],
    ["/users/:id", "/users/new", "second"],
    ["/users/:id", "/posts/:id", "apart"],
    ["/users/:id", "/users/:id/edit", "apart"],
    ["/a/:x/c", "/a/b/:y", "second"],
    ["/a/b/:y", "/a/:x/c", "first"],
    ["/*", "/users/:id", "second"],
    ["/files/*", "/files/:name", "second"],
    ["/files/*", "/files", "apart"],
    ["/bar-:id", "/:id", "first"],
    ["/bar-:id", "/bar-1", "second"],
    ["/bar-:id", "/foo-:id", "apart"],
    ["/bar-:id", "/baz", "apart"],
    ["/:name.json", "/:name.xml", "apart"],
    ["/:a-:b", "/:a.json", "unclear"],
    ["/:id(^\\d+$)", "/:name(^\\w+$)", "unclear"],
    ["/:id(^\\d+$)", "/:name", "first"],
  ];
  for (const [first, second, order] of cases) {
    test(`finds ${first} and ${second} ${order}`, () => {
      assert.equal(comparePaths(first, second), order);
    });
  }

  test("says of any two paths which one Fastify's router takes for what both match", async () => {
    const parts = ["a", ":x", "a-:x", ":x.b"];
    const fronts = [
      ...parts,
      ...parts.flatMap((one) => parts.map((other) => `${one}/${other.replace("x", "y")}`)),
    ];
    const all = ["/*", ...fronts.flatMap((front) => [`/${front}`, `/${front}/*`])];
    const words = ["a", "c", "a-c", "c.b", "a-c.b"];
    const urls = words.flatMap((one) => [
      `/${one}`,
      ...words.flatMap((two) => [`/${one}/${two}`, `/${one}/${two}/c`]),
    ]);
    const matched = new Map<string, Set<string>>();
    for (const path of all) {
      const app = fastify();
      app.get(path, () => "");
      const takes = async (url: string): Promise<boolean> => (await app.inject(url)).statusCode === 200;
      const answers = await Promise.all(urls.map(takes));
      matched.set(path, new Set(urls.filter((_url, index) => answers[index])));
    }
    let met = 0;
    for (const [first, taken] of matched) {
      for (const [second, alsoTaken] of matched) {
        if (first >= second) continue;
        const both = [...taken.intersection(alsoTaken)];
        const order = comparePaths(first, second);
        assert.ok(both.length === 0 || order !== "apart", `${first} and ${second} meet at ${both[0]}`);
        if (both[0] === undefined || order === "same" || order === "unclear") continue;
        met += 1;
        const app = fastify();
        app.get(first, () => "first");
        app.get(second, () => "second");
        for (const url of both)
          assert.equal((await app.inject(url)).body, order, `${first} ${second} ${url}`);
      }
    }
    assert.ok(met > 100, `only ${met} pairs met`);
  });
});
