import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";

const command = fileURLToPath(new URL("../../../api/command-line/rookery.js", import.meta.url));
const shop = fileURLToPath(new URL("shop.ts", import.meta.url));

async function rookery(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [command, ...args]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

describe("rookery routes", () => {
  test("prints the routes of the endpoint that a module exports, and its sockets", async () => {
    const { code, stdout, stderr } = await rookery("routes", shop);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(stdout.split("\n"), [
      "GET   /api/products      ProductController.index  [api]",
      "GET   /api/products/:id  ProductController.show   [api]",
      "*     ops.*/jobs         jobs (plugin)",
      "WS    /socket/websocket  UserSocket",
      "GET   /socket/longpoll   UserSocket",
      "POST  /socket/longpoll   UserSocket",
      "",
    ]);
  });

  test("prints those of one method", async () => {
    const { stdout } = await rookery("routes", shop, "--method", "post");
    assert.deepEqual(stdout.split("\n"), [
      "*     ops.*/jobs        jobs (plugin)",
      "POST  /socket/longpoll  UserSocket",
      "",
    ]);
  });

  test("prints who serves one path", async () => {
    const { stdout } = await rookery("routes", shop, "--info", "/api/products/7");
    assert.equal(
      stdout,
      'GET /api/products/:id\n  action   ProductController.show\n  through  api\n  params   {"id":"7"}\n',
    );
  });

  const wrong: [string, string[], RegExp][] = [
    ["without a command", [], /Expected rookery routes MODULE .*, got nothing/],
    ["with another command", ["server"], /got server/],
    ["without a module", ["routes"], /Expected rookery routes MODULE/],
    ["with an option that it does not know", ["routes", shop, "--verbose"], /got .*--verbose/],
    [
      "for a module without a router",
      ["routes", command.replace("rookery.js", "route-lines.ts")],
      /exports a router/,
    ],
    [
      "for a path that no route is for",
      ["routes", shop, "--info", "/x"],
      /a path that a route is for, got \/x/,
    ],
  ];
  for (const [what, args, message] of wrong) {
    test(`says what it expects, and exits with 1, ${what}`, async () => {
      const { code, stdout, stderr } = await rookery(...args);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, message);
    });
  }
});
