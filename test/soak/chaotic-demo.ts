import { Application } from "rookery";
import { endpointUrl } from "rookery/api";
import { behaving, chaos, crash, exit, flood, kill, shardCrash, stall } from "rookery/testing";
import { demoTree, names } from "../../demo/demo-tree.ts";
import { GaveUp, gaveUpUnduly } from "./gave-up.ts";

/** A handler that holds its thread for so long is ended, as in the demo's own start. Stalls are longer. */
const STALL_MS = 1_000;
const ROUND_MS = 60_000;

/** What the program that starts this process says of it. */
export interface ChaoticSettings {
  readonly port: number;
  readonly databasePath: string;
  readonly shards: number;
  readonly seed: number;
  /** 0: nothing is inflicted. */
  readonly rateHz: number;
}

const { port, databasePath, shards, seed, rateHz } = JSON.parse(process.argv[2]!) as ChaoticSettings;
const logger = new GaveUp();
const settings = {
  host: "127.0.0.1",
  port,
  databasePath,
  secretKeyBase: "a secret for the soak, and for nothing else",
  checkOrigin: false,
};
const { runtime } = await Application.run({
  name: "demo",
  runtime: { logger, shards, stallMs: STALL_MS },
  start: [demoTree(settings)],
});
process.stdout.write(`listening on ${await endpointUrl(runtime, names.endpoint)}\n`);
if (rateHz > 0) {
  for (let round = 0; ; round += 1) {
    await chaos(runtime, {
      seed: seed + round,
      durationMs: ROUND_MS,
      rateHz,
      // At the top, three restarts in five seconds are the end.
      except: [behaving("ListeningShards")],
      faults: [kill(), exit("shutdown"), crash(), stall(2 * STALL_MS), flood(10), shardCrash()],
      invariants: { "no supervisor gave up": () => gaveUpUnduly(logger).length === 0 },
    });
  }
}
