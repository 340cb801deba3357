import fastify from "fastify";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { Runtime, silentLogger } from "../../runtime/index.ts";

const native = JSON.parse;
const STALL_MS = 600_000;
/** Longer than what is read in one go. */
const LONG = JSON.stringify(
  Array.from({ length: 40_000 }, (_, id) => ({ id, name: `row ${id}`, score: id / 7 })),
);
let runtimes: Runtime[] = [];

async function start(stallMs?: number): Promise<Runtime> {
  const options = stallMs === undefined ? {} : { stallMs };
  const runtime = await Runtime.start({ logger: silentLogger, ...options });
  runtimes.push(runtime);
  return runtime;
}

afterEach(async () => {
  for (const runtime of runtimes) await runtime.shutdown();
  runtimes = [];
  JSON.parse = native;
});

describe("JSON.parse", () => {
  test("is left alone by a runtime without `stallMs`", async () => {
    await start();
    expect(JSON.parse).toBe(native);
  });

  test("is another one while a runtime has `stallMs`, until the last of them has ended", async () => {
    const [first, second] = [await start(STALL_MS), await start(STALL_MS)];
    expect(JSON.parse).not.toBe(native);
    await first.shutdown();
    await first.shutdown();
    expect(JSON.parse).not.toBe(native);
    await second.shutdown();
    expect(JSON.parse).toBe(native);
  });

  test("is to be seen as the language has it", async () => {
    const before = Object.getOwnPropertyDescriptor(JSON, "parse")!;
    await start(STALL_MS);
    const { value, ...flags } = Object.getOwnPropertyDescriptor(JSON, "parse")!;
    const { value: _, ...expected } = before;
    expect(flags).toEqual(expected);
    expect([value.name, value.length, "prototype" in value]).toEqual(["parse", 2, false]);
  });

  test("reads long texts as ever: converts what is none, calls a reviver, refuses what is wrong", async () => {
    const expected = native(LONG);
    const revived = (parse: typeof JSON.parse): unknown => {
      const sources: unknown[] = [];
      parse(LONG, (_, value, ...context: readonly unknown[]) => {
        sources.push(context);
        return value;
      });
      return sources;
    };
    const sources = revived(native);
    await start(STALL_MS);
    expect(JSON.parse(LONG)).toEqual(expected);
    expect(JSON.parse({ toString: () => LONG } as never)).toEqual(expected);
    expect(JSON.parse(LONG, "no function" as never)).toEqual(expected);
    expect(revived(JSON.parse)).toEqual(sources);
    expect(() => JSON.parse(`${LONG},`)).toThrow(SyntaxError);
    expect(() => JSON.parse(Symbol("text") as never)).toThrow(TypeError);
  });

  test("keeps what others have put in its place meanwhile, and is none of theirs afterwards", async () => {
    const runtime = await start(STALL_MS);
    const below = JSON.parse;
    const calls: number[] = [];
    const theirs: typeof JSON.parse = (text, reviver) => {
      calls.push(text.length);
      return below(text, reviver);
    };
    JSON.parse = theirs;
    await runtime.shutdown();
    expect(JSON.parse).toBe(theirs);
    expect(JSON.parse(LONG)).toEqual(native(LONG));
    const again = await start(STALL_MS);
    calls.length = 0;
    expect(JSON.parse(LONG)).toEqual(native(LONG));
    expect(calls.length).toBeGreaterThan(1);
    await again.shutdown();
    expect(JSON.parse).toBe(theirs);
  });

  test("serves those who rely on it: bodies of requests, the log", async () => {
    await start(STALL_MS);
    const app = fastify({ bodyLimit: 2 * LONG.length });
    app.post("/rows", (request) => ({ rows: (request.body as unknown[]).length }));
    const post = (payload: string) =>
      app.inject({ method: "POST", url: "/rows", payload, headers: { "content-type": "application/json" } });
    expect((await post(LONG)).json()).toEqual({ rows: 40_000 });
    expect((await post(`${LONG.slice(0, -1)},{"__proto__":{"x":1}}]`)).statusCode).toBe(400);
    expect((await post(LONG.slice(0, -1))).statusCode).toBe(400);
    const logged: string[] = [];
    pino({}, { write: (line: string) => void logged.push(line) }).info({ rows: JSON.parse(LONG) }, "rows");
    expect(JSON.parse(logged[0]!).rows).toEqual(native(LONG));
  });
});
