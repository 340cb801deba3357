import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { describe, test } from "vitest";
import { LogLines } from "../../api/log-lines.ts";

const door = new URL("../../api/index.ts", import.meta.url).href;

/** What a program with a logger has written to stdout when it has ended, however it has. */
async function written(program: string): Promise<{ readonly messages: unknown[]; readonly signal: unknown }> {
  const code = `import { createLogger } from ${JSON.stringify(door)}; const logger = createLogger(); ${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exit = once(child, "exit");
  const lines = (await text(child.stdout)).split("\n").slice(0, -1);
  const [, signal] = (await exit) as [unknown, unknown];
  return { messages: lines.map((line) => (JSON.parse(line) as { msg: unknown }).msg), signal };
}

describe("the lines of a turn", () => {
  test("are written together, at its end", async () => {
    const writes: string[] = [];
    const lines = new LogLines({ write: (text) => writes.push(text) });
    lines.write("a\n");
    lines.write("b\n");
    assert.deepEqual(writes, []);
    await setImmediate();
    assert.deepEqual(writes, ["a\nb\n"]);
    lines.write("c\n");
    await setImmediate();
    assert.deepEqual(writes, ["a\nb\n", "c\n"]);
  });

  test("are written at once with an error, in order, and when somebody asks for it", async () => {
    const writes: string[] = [];
    const lines = new LogLines({ write: (text) => writes.push(text) });
    lines.write("a\n");
    lines.write('{"level":"error"}\n');
    assert.deepEqual(writes, ['a\n{"level":"error"}\n']);
    lines.write("b\n");
    lines.flush();
    assert.equal(writes[1], "b\n");
    await setImmediate();
    assert.equal(writes.length, 2);
  });

  test("wait for its end only up to a size", () => {
    let sizeBytes = 0;
    const lines = new LogLines({ write: (text) => (sizeBytes += text.length) });
    for (let line = 0; line < 100; line += 1) lines.write("x".repeat(1_000));
    assert.ok(sizeBytes > 0 && sizeBytes < 100_000, String(sizeBytes));
  });
});

describe("a program that logs to stdout", () => {
  const many = "for (let i = 0; i < 3; i += 1) logger.info({}, String(i));";

  test("loses no line when it ends, exits or throws", async () => {
    for (const end of [
      "",
      "process.exit(3);",
      'throw new Error("broken");',
      'setImmediate(() => setImmediate(() => { logger.info({}, "late"); process.exit(); }));',
    ]) {
      const { messages } = await written(many + end);
      assert.deepEqual(messages.slice(0, 3), ["0", "1", "2"], end);
      assert.equal(messages.length, end.includes("late") ? 4 : 3, end);
    }
  });

  test("has written an error, and all before it, when it is killed in the same turn", async () => {
    const { messages, signal } = await written(
      `${many} logger.error({}, "last"); process.kill(process.pid, "SIGKILL");`,
    );
    assert.equal(signal, "SIGKILL");
    assert.deepEqual(messages, ["0", "1", "2", "last"]);
  });

  test("gets all of it through a pipe that is read slowly", async () => {
    const { messages } = await written(
      'for (let i = 0; i < 5000; i += 1) logger.info({ text: "x".repeat(200) }, String(i));',
    );
    assert.deepEqual([messages.length, messages.at(-1)], [5_000, "4999"]);
  });
});
