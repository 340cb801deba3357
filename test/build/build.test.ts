import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, test } from "vitest";
import { startDemo } from "../support/demo-process.ts";
import { answer, connected } from "../support/phoenix-client.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** What this Node.js is told so that it reads no TypeScript, as each one did once, and as each one does under `node_modules`. */
const PLAIN = "--no-strip-types";
const compiler = join(root, "node_modules/typescript/bin/tsc");

let folder: string;
let dist: string;

function node(args: readonly string[], cwd: string): string {
  return execFileSync(process.execPath, args, { cwd, encoding: "utf8" });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rookery-build-"));
  dist = join(folder, "dist");
  node([join(root, "build/start.js"), dist], root);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("npm run build", () => {
  test("makes a demo that plain Node starts on two shards, with its page and its sockets", async () => {
    const env = { SHARDS: "2", DATABASE_PATH: join(folder, "demo.db") };
    const demo = await startDemo(env, [PLAIN, join(dist, "demo/start.js")]);
    assert.match(await (await fetch(demo.url)).text(), /^<!doctype html>/);
    const credentials = { email: "ada@example.com", password: "correct horse" };
    const headers = { "content-type": "application/json" };
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${demo.url}/api/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.equal((await post("users", { user: { name: "Ada", ...credentials } })).status, 201);
    const { data } = (await (await post("sessions", credentials)).json()) as { data: { token: string } };

    // Enough for each shard to have some.
    const sockets = await Promise.all(
      Array.from({ length: 8 }, () => connected(`${demo.url.replace("http", "ws")}/socket`, data)),
    );
    const rooms = sockets.map((socket) => socket.channel("room:1"));
    const heard = rooms.map(
      (room) =>
        new Promise<unknown>((resolve) =>
          room.on("message:new", (message) => resolve((message as { body: string }).body)),
        ),
    );
    for (const room of rooms) await answer(room.join());
    assert.equal((await answer(rooms[0]!.push("message:new", { body: "hello" }))).status, "ok");
    assert.deepEqual(
      await Promise.all(heard),
      rooms.map(() => "hello"),
    );

    for (const socket of sockets) socket.disconnect();
    const exit = once(demo.child, "exit");
    demo.child.kill("SIGTERM");
    assert.deepEqual(await exit, [0, null]);
  });

  test("leaves no TypeScript that would be loaded", () => {
    const files = readdirSync(dist, { recursive: true, encoding: "utf8" });
    assert.ok(files.length > 500, String(files.length));
    assert.deepEqual(
      files.filter((file) => /(?<!\.d)\.ts$/.test(file)),
      [],
    );
    const loads = files
      .filter((file) => file.endsWith(".js") && file !== "node-version.js")
      .filter((file) =>
        /(?:from|import\(|URL\() *["'`][^"'`]*\.ts["'`]/.test(readFileSync(join(dist, file), "utf8")),
      );
    assert.deepEqual(loads, []);
  });
});

describe("the packed package, in a project of its own", () => {
  let project: string;

  beforeAll(() => {
    project = join(folder, "project");
    const modules = join(project, "node_modules");
    mkdirSync(modules, { recursive: true });
    execFileSync("npm", ["pack", dist, "--offline", "--ignore-scripts", "--pack-destination", folder], {
      stdio: "pipe",
    });
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
    execFileSync("tar", ["-xzf", join(folder, tarball), "-C", modules]);
    execFileSync("mv", [join(modules, "package"), join(modules, "rookery")]);
    const { dependencies } = JSON.parse(readFileSync(join(modules, "rookery/package.json"), "utf8")) as {
      dependencies: object;
    };
    // Nothing but what it says it needs, and what that needs.
    linkWithNeeds(Object.keys(dependencies), modules);
    writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  });

  test("is small, and without the demo", () => {
    const files = readdirSync(join(project, "node_modules/rookery"));
    assert.ok(files.includes("README.md") && files.includes("LICENSE"), files.join());
    assert.ok(!files.includes("demo"));
  });

  test("runs a program on two shards", () => {
    const far = `import { GenServer, ok, reply } from "rookery";
      export class Far extends GenServer {
        static module = import.meta.url;
        init() { return ok(this.self.runtime.place); }
        handleCall() { return reply(this.state); }
      }`;
    const program = `import { Runtime } from "rookery";
      import { Repo } from "rookery/api";
      import { PubSub } from "rookery/channels";
      import { resumable } from "rookery/client";
      import { simulate } from "rookery/testing";
      import { Far } from "./far.js";
      const runtime = await Runtime.start({ shards: 2, stallMs: 1000 });
      const pid = await runtime.start(Far, undefined, { on: { shard: 1 } });
      console.log(await runtime.call(pid, "place"), [Repo, PubSub, resumable, simulate].map((it) => typeof it).join());
      await runtime.shutdown();`;
    writeFileSync(join(project, "far.js"), far);
    writeFileSync(join(project, "program.js"), program);
    assert.equal(node(["program.js"], project), "1 function,function,function,function\n");
  });

  test("has its types", () => {
    const program = (value: string): string => `import { GenServer, ok, reply, Runtime } from "rookery";
      import { defineRouter } from "rookery/api";
      import { PubSub } from "rookery/channels";
      import { resumable } from "rookery/client";
      import { simulate } from "rookery/testing";
      class Counter extends GenServer<number, "value"> {
        init(start: number) { return ok(start); }
        override handleCall() { return reply(this.state); }
      }
      const runtime = await Runtime.start();
      const pid = await runtime.start(Counter, 1);
      const value: ${value} = await runtime.call(pid, "value");
      console.log(value, defineRouter, PubSub, resumable, simulate);`;
    const options = { module: "nodenext", target: "es2024", strict: true, noEmit: true, types: ["node"] };
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["program.ts"] }),
    );
    writeFileSync(join(project, "program.ts"), program("number"));
    node([compiler], project);
    writeFileSync(join(project, "program.ts"), program("string"));
    assert.throws(
      () => node([compiler], project),
      ({ stdout }: { stdout: string }) => /TS2322/.test(stdout),
    );
  });
});

/** Links packages of the repository into a project, each with all that it needs. */
function linkWithNeeds(names: readonly string[], modules: string): void {
  for (const name of names) {
    const [from, to] = [join(root, "node_modules", name), join(modules, name)];
    if (existsSync(to) || !existsSync(from)) continue;
    mkdirSync(join(to, ".."), { recursive: true });
    symlinkSync(from, to);
    const { dependencies = {} } = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as {
      dependencies?: object;
    };
    linkWithNeeds(Object.keys(dependencies), modules);
  }
}
