import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setInterval as every } from "node:timers/promises";
import { SeededRandom } from "rookery/testing";
import { audit, stockIn } from "./audit.ts";
import { Ledger } from "./ledger.ts";
import { LiveClient } from "./live-client.ts";
import { LiveServer } from "./live-server.ts";

const CLIENTS = 12;
const RATE_HZ = 2;
/** So long a server lives until it is killed as a whole. */
const LIFE_MS = { min: 8_000, max: 25_000 };
const TURN_MS = 100;
const CALM_MS = 60_000;
const MINUTE_MS = 60_000;

export interface LiveSoakOptions {
  /** Decides when which fault is inflicted on what; time is real, so the same seed is not the same run. */
  readonly seed: number;
  readonly minutes: number;
  readonly shards: number;
  readonly say: (line: string) => void;
}

/**
 * Clients with real sockets use a demo in a process of its own; processes and shards inside of it come to harm, and now and then it is
 * killed as a whole and started again. Throws what is wrong in the end.
 */
export async function soakLive({ seed, minutes, shards, say }: LiveSoakOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rookery-soak-"));
  const databasePath = join(folder, "demo.db");
  const random = new SeededRandom(seed);
  const settings = { databasePath, shards, seed, port: 0 };
  const ledger = new Ledger();
  let server = await LiveServer.start({ ...settings, rateHz: 0 });
  const stock = stockIn(databasePath);
  const port = Number(new URL(server.url).port);
  const clients: LiveClient[] = [];
  try {
    for (let number = 0; number < CLIENTS; number += 1)
      clients.push(await LiveClient.signUp(server.url, number, ledger));
    const endMs = performance.now() + minutes * MINUTE_MS;
    let isBusy = true;
    const busy = clients.map(async (client) => {
      for await (const _ of every(TURN_MS)) {
        if (!isBusy) return;
        await Promise.all([client.say(), client.order()]);
      }
    });
    let life = 0;
    for (; performance.now() < endMs; life += 1) {
      await server.kill();
      server = await LiveServer.start({ ...settings, port, seed: seed + 1_000 * life, rateHz: RATE_HZ });
      const lifeMs = LIFE_MS.min + random.below(LIFE_MS.max - LIFE_MS.min);
      await until(() => server.failure !== undefined || performance.now() >= endMs, lifeMs);
      if (server.failure !== undefined) throw new Error(server.failure);
      const { acknowledgedMessages, acknowledgedOrders } = ledger;
      say(
        `life ${life + 1}: ${acknowledgedMessages} messages and ${acknowledgedOrders} orders acknowledged so far`,
      );
    }
    isBusy = false;
    await Promise.all(busy);
    await server.kill();
    for (const client of clients) client.lookAnew();
    server = await LiveServer.start({ ...settings, port, rateHz: 0 });
    const wrong = await verify(clients);
    wrong.push(...audit(databasePath, ledger, stock));
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    say(`${minutes} minutes and ${life} kills of the whole: nothing lost or doubled, and everybody is back`);
  } finally {
    for (const client of clients) client.close();
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is not as it must be once the faults are over. */
async function verify(clients: readonly LiveClient[]): Promise<string[]> {
  const wrong = (): string[] => {
    const away = clients.filter(({ isJoined }) => !isJoined);
    const astray = clients.filter(({ room, present }) => {
      const inside = clients.filter((other) => other.room.topic === room.topic);
      return String(present) !== String(inside.map(({ userId }) => `${userId}: 1`).toSorted());
    });
    return [
      ...away.map(({ userId }) => `user ${userId} is not back`),
      ...astray.map(({ userId, room, present }) => `user ${userId} sees ${String(present)} in ${room.topic}`),
    ];
  };
  await until(() => wrong().length === 0, CALM_MS);
  const answers = await Promise.all(clients.flatMap((client) => [client.say(), client.order()]));
  return answers.every(Boolean) ? wrong() : [...wrong(), "in the end, somebody is not answered"];
}

/** Waits until it is so, or so long. */
async function until(isSo: () => boolean, ms: number): Promise<void> {
  const endMs = performance.now() + ms;
  for await (const _ of every(TURN_MS)) if (isSo() || performance.now() >= endMs) return;
}
