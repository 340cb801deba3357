import { parseArgs } from "node:util";
import { soakLive } from "./live-soak.ts";
import { soakSimulated } from "./simulated-soak.ts";

const PROGRESS_SEEDS = 100;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    live: { type: "boolean", default: false },
    minutes: { type: "string", default: "1" },
    shards: { type: "string", default: "2" },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function simulated(seed: number, seeds: number): Promise<void> {
  let stood = 0;
  let messages = 0;
  let orders = 0;
  await soakSimulated({
    seed,
    seeds,
    onStood: ({ ledger }) => {
      stood += 1;
      messages += ledger.acknowledgedMessages;
      orders += ledger.acknowledgedOrders;
      if (stood % PROGRESS_SEEDS === 0 || stood === seeds)
        say(`${stood} seeds: ${messages} messages and ${orders} orders acknowledged, none lost or doubled`);
    },
  });
}

try {
  const [seed, seeds, minutes, shards] = [values.seed, values.seeds, values.minutes, values.shards].map(
    Number,
  );
  if (values.live) await soakLive({ seed: seed!, minutes: minutes!, shards: shards!, say });
  else await simulated(seed!, seeds!);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
