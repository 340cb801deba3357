import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setInterval as every } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointUrl } from "../../api/index.ts";
import { socketCut } from "../../channels/testing.ts";
import { demoTree, names } from "../../demo/demo-tree.ts";
import { Runtime, silentLogger } from "../../runtime/index.ts";
import { Supervisor } from "../../supervisors/index.ts";
import {
  assertionsOf,
  behaving,
  chaos,
  type ChaosOptions,
  eventually,
  kill,
  shardCrash,
} from "../../supervisors/testing.ts";
import { audit, stockIn } from "../soak/audit.ts";
import { Ledger } from "../soak/ledger.ts";
import { LiveClient } from "../soak/live-client.ts";
import { WRITER } from "../soak/soak-shard.ts";

const OFTEN = { durationMs: 3_000, rateHz: 8 };
const ONCE = { durationMs: 20, rateHz: 50 };
const CLIENTS = 6;
const TURN_MS = 50;
/** Whatever is to be so may take this long: only a machine on which nothing goes on needs it. */
const LONG = { within: 200_000 };

/** The processes of the first shard that have to come back. */
const PARTS = [names.pubsub, names.presence, names.endpoint, WRITER];

let folder: string;
let runtime: Runtime;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rookery-chaos-"));
  runtime = await Runtime.start({ logger: silentLogger, shards: 2 });
  const tree = demoTree({
    host: "127.0.0.1",
    port: 0,
    databasePath: join(folder, "demo.db"),
    secretKeyBase: "a secret for this test, and no other",
    checkOrigin: false,
  });
  await runtime.start(Supervisor, { strategy: "one_for_one", children: [tree] }, { name: "root" });
  url = await endpointUrl(runtime, names.endpoint);
});

afterAll(async () => {
  await runtime.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

let seed = 0;

/** Brings chaos over the runtime until something has been struck: who is meant may be between two lives. */
async function struck(options: Omit<ChaosOptions, "seed">): Promise<void> {
  // The supervisor above the demo is the test's, which allows for few restarts.
  const except = [behaving("ListeningShards")];
  await eventually(
    runtime,
    async () => {
      seed += 1;
      const { script } = await chaos(runtime, { except, ...options, seed });
      return script.length > 0;
    },
    LONG,
  );
}

test("an endpoint on two shards comes back from kills, shard crashes and cut sockets, with all that it acknowledged, once", async () => {
  const ledger = new Ledger();
  const stock = stockIn(join(folder, "demo.db"));
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, number) => LiveClient.signUp(url, number, ledger)),
  );
  const system = await assertionsOf(runtime);
  let isBusy = true;
  const busy = clients.map(async (client) => {
    for await (const _ of every(TURN_MS)) {
      if (!isBusy) return;
      await Promise.all([client.say(), client.order()]);
    }
  });
  try {
    await struck({ ...OFTEN, faults: [kill(), kill(), kill(), socketCut(), socketCut(), shardCrash()] });
    // Chance may have spared them.
    await struck({ ...ONCE, faults: [socketCut()] });
    await struck({ ...ONCE, faults: [shardCrash()] });
    for (const name of PARTS)
      await struck({ ...ONCE, targets: [(one) => one.name === name && one.place === 0] });

    await eventually(runtime, () => runtime.shards().length === 2, LONG);
    await eventually(runtime, () => clients.every(({ isJoined }) => isJoined), LONG);
    const { acknowledgedMessages: messages, acknowledgedOrders: orders } = ledger;
    const hasGoneOn = () => ledger.acknowledgedMessages > messages && ledger.acknowledgedOrders > orders;
    await eventually(runtime, hasGoneOn, LONG);
    isBusy = false;
    await Promise.all(busy);
    const answers = () => Promise.all(clients.flatMap((client) => [client.say(), client.order()]));
    await eventually(runtime, async () => (await answers()).every(Boolean), LONG);

    expect(audit(join(folder, "demo.db"), ledger, stock)).toEqual([]);
    for (const name of PARTS) await system.assertRestarted(name, LONG);
    await system.assertNoOrphans(LONG);
    await system.assertMailboxesDrain(LONG);
  } finally {
    isBusy = false;
    for (const client of clients) client.close();
  }
}, 600_000);
