import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("first-words-node.ts", import.meta.url));

test("the output of a program is no leak, though Node opens it with the first word", async () => {
  const child = spawn(process.execPath, [program]);
  let stderr = "";
  child.stdout.resume();
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  expect(stderr).not.toContain("nothing left over");
  expect(code).toBe(0);
});
