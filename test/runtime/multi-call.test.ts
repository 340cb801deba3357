import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type From, Runtime, silentLogger } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { collector } from "./collector.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

describe("multiCall", () => {
  test("tells who replied what, and from which nodes nothing came (173)", async () => {
    const pid = runtime.spawn(async (self) => {
      for (;;) {
        const [, from, request] = (await self.receive()) as [string, From, unknown];
        self.reply(from, [request]);
      }
    });
    runtime.register("server", pid);
    const { node } = runtime;
    expect(await runtime.multiCall([node, "other@host"], "server", "m")).toEqual({
      replies: [[node, ["m"]]],
      badNodes: ["other@host"],
    });
    const none = { replies: [], badNodes: [node] };
    await runInProcess(runtime, async (self) => {
      expect(await self.multiCall([node], "nobody", "m")).toEqual(none);
    });
  });

  test("does not fail for a server that is too slow (173)", async () => {
    const { pid } = collector(runtime);
    runtime.register("slow", pid);
    const result = runtime.multiCall([runtime.node], "slow", "m", 50);
    await settle(runtime);
    clock.advance(50);
    expect(await result).toEqual({ replies: [], badNodes: [runtime.node] });
  });
});

describe("abcast", () => {
  test("casts to the servers of a name, and never fails (174)", async () => {
    const { pid, messages } = collector(runtime);
    runtime.register("server", pid);
    runtime.abcast([runtime.node, "other@host"], "server", "m");
    await runInProcess(runtime, (self) => self.abcast([runtime.node], "nobody", "m"));
    await settle(runtime);
    expect(messages).toEqual([["$gen_cast", "m"]]);
  });
});
