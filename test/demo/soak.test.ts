import { describe, expect, test } from "vitest";
import { soakSimulated } from "../soak/simulated-soak.ts";

const SEEDS = 12;

/** What clients of the demo asked for under these seeds, and what was acknowledged to them. */
async function ledgersOf(seed: number, seeds: number): Promise<string[]> {
  const ledgers: string[] = [];
  await soakSimulated({ seed, seeds, onStood: ({ ledger }) => ledgers.push(JSON.stringify(ledger)) });
  return ledgers;
}

describe("the demo on virtual time, with its processes and shards struck at random", () => {
  test("loses and doubles nothing that it acknowledged, and everybody is back in the end", async () => {
    let messages = 0;
    let orders = 0;
    await soakSimulated({
      seeds: SEEDS,
      onStood: ({ ledger }) => {
        messages += ledger.acknowledgedMessages;
        orders += ledger.acknowledgedOrders;
      },
    });
    expect(messages).toBeGreaterThan(10 * SEEDS);
    expect(orders).toBeGreaterThan(10 * SEEDS);
  });

  test("is the same run with the same seed", async () => {
    const [first, second] = await ledgersOf(101, 2);
    expect(await ledgersOf(101, 1)).toEqual([first]);
    expect(await ledgersOf(102, 1)).toEqual([second]);
    expect(first).not.toEqual(second);
  });
});
