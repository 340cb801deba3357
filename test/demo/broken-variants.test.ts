import { describe, expect, test } from "vitest";
import { ForgetfulShard, HastyShard, LeakyShard } from "../soak/broken-shards.ts";
import { soakSimulated } from "../soak/simulated-soak.ts";
import type { SoakShard } from "../soak/soak-shard.ts";

/** Within so many seeds what is broken has to show. */
const SEEDS_MAX = 60;

async function failureOf(shard: typeof SoakShard): Promise<unknown> {
  try {
    await soakSimulated({ seeds: SEEDS_MAX, shard });
    return "it has stood the test";
  } catch (error) {
    return error;
  }
}

describe("a demo that is broken on purpose is caught, with a seed and the faults that it takes", () => {
  test.each([
    ["answers before the commit", HastyShard, /acknowledged (order|message) .+ is lost/],
    ["restarts and does not subscribe again", ForgetfulShard, /in room:\d, there are/],
    ["keeps those in the presence who were killed", LeakyShard, /in room:\d, there are/],
  ])("one that %s", async (_what, shard, symptom) => {
    const failure = await failureOf(shard);
    expect(failure).toMatchObject({ code: "ROOKERY_CHAOS" });
    expect(String(failure)).toMatch(symptom);
    expect(String(failure)).toMatch(
      /\{ seed: \d+, script: \[\{"atMs":\d+,(?:"turns":\d+,)?"fault":"[^"]+","target":"[^"]+"\}/,
    );
    expect((failure as { readonly script: readonly unknown[] }).script.length).toBeLessThanOrEqual(5);
  });
});
