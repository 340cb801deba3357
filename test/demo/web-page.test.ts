import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, test } from "vitest";
import { RunningDemo } from "./running-demo.ts";

let demo: RunningDemo;

beforeAll(async () => {
  demo = await RunningDemo.start();
});
afterAll(() => demo[Symbol.asyncDispose]());

/** What a text of the page loads from its own server. */
function references(text: string): string[] {
  const pattern = /(?:href|src)="(\/[^"#]*)|\bfrom "([^"]+)"|\bimport "([^"]+)"/g;
  return [...text.matchAll(pattern)].map(([, attribute, from, bare]) => (attribute ?? from ?? bare)!);
}

describe("the page", () => {
  test("may load nothing from elsewhere and run nothing that was written into it", async () => {
    const response = await fetch(demo.url);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(response.headers.get("content-security-policy") ?? "", /^default-src 'self';/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    const html = await response.text();
    assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:\/\//);
  });

  test("finds everything that it and its modules refer to", async () => {
    const open = ["/"];
    const seen = new Set(open);
    for (let path = open.shift(); path !== undefined; path = open.shift()) {
      const response = await fetch(demo.url + path);
      assert.equal(response.status, 200, path);
      if (/\.(css|svg|mjs)$/.test(path)) continue;
      for (const reference of references(await response.text())) {
        const { pathname } = new URL(reference, demo.url + path);
        if (seen.has(pathname)) continue;
        seen.add(pathname);
        open.push(pathname);
      }
    }
    assert.ok(seen.has("/vendor/phoenix.mjs"));
    assert.ok(seen.has("/art/icons.svg"));
    assert.ok(seen.size > 30, `saw only ${seen.size} files`);
  });

  test("brings the official client as it is published", async () => {
    const published = readFileSync(new URL(import.meta.resolve("phoenix")), "utf8");
    const response = await fetch(`${demo.url}/vendor/phoenix.mjs`);
    assert.match(response.headers.get("content-type") ?? "", /javascript/);
    assert.equal(await response.text(), published);
  });

  test("is all that is served of the folders", async () => {
    for (const path of ["/../server.ts", "/%2e%2e/server.ts", "/..%2fserver.ts", "/vendor/package.json"]) {
      assert.equal((await fetch(demo.url + path)).status, 404, path);
    }
  });
});
