import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, test } from "vitest";

/** The packages that importing a door loads, in a Node of its own. */
async function loadedBy(door: string): Promise<string[]> {
  const program = `
    import { registerHooks } from "node:module";
    const packages = new Set();
    registerHooks({
      load(url, context, next) {
        const name = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)?.[1];
        if (name !== undefined) packages.add(name);
        return next(url, context);
      },
    });
    await import(${JSON.stringify(door)});
    console.log(JSON.stringify([...packages]));`;
  const flags = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  return JSON.parse(stdout) as string[];
}

describe("rookery/testing", () => {
  test("loads no HTTP server, no WebSocket library and no database", async () => {
    const packages = await loadedBy("rookery/testing");
    assert.deepEqual(
      packages.filter((name) => /^(ws|fastify|better-sqlite3|kysely|zod|piscina|@redis\/.*)$/.test(name)),
      [],
    );
    assert.ok((await loadedBy("rookery/api")).includes("fastify"), "a checker that sees nothing passes");
  });
});

describe("rookery/client", () => {
  test("loads nothing", async () => {
    assert.deepEqual(await loadedBy("rookery/client"), []);
  });
});
