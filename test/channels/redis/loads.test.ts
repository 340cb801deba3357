import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Whether the Redis client is loaded by a program of its own that does this. */
function loadsRedis(program: string): boolean {
  const code = `
    import { registerHooks } from "node:module";
    let loads = false;
    registerHooks({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context);
        if (resolved.url.includes("/@redis/")) loads = true;
        return resolved;
      },
    });
    ${program}
    process.stdout.write(String(loads));
    process.exit();`;
  const args = ["--input-type=module", "--eval", code];
  return execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }) === "true";
}

describe("the Redis client", () => {
  test("is not loaded by the doors, nor by making an adapter or a carrier", () => {
    const program = `
      await import("rookery");
      await import("rookery/api");
      const { redisAdapter, redisCarrier } = await import("rookery/channels");
      redisAdapter({ url: "redis://127.0.0.1" });
      redisCarrier({ url: "redis://127.0.0.1" });`;
    expect(loadsRedis(program)).toBe(false);
  });

  test("is loaded by a PubSub that starts with the adapter", () => {
    const program = `
      const { Runtime, silentLogger } = await import("rookery");
      const { PubSub, redisAdapter } = await import("rookery/channels");
      const runtime = await Runtime.start({ logger: silentLogger });
      const adapter = redisAdapter({ url: "redis://127.0.0.1:1", node: "a" });
      await runtime.start(PubSub, { adapter }, { name: "pubsub" });`;
    expect(loadsRedis(program)).toBe(true);
  });
});
