import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setInterval as every } from "node:timers/promises";
import Database from "better-sqlite3";
import { type Channel, Socket } from "phoenix";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointUrl } from "../../api/index.ts";
import { demoTree, names } from "../../demo/demo-tree.ts";
import { type Logger, nameOn, type Pid, Runtime } from "../../runtime/index.ts";
import { SeededRandom } from "../../runtime/testing.ts";
import { EveryShard, Supervisor } from "../../supervisors/index.ts";
import { ShardKiller } from "./shard-killer.ts";

/** Faults are injected for so long; FAULT_SECONDS makes it longer. */
const DURATION_MS = Number(process.env["FAULT_SECONDS"] ?? 20) * 1_000;
/** And for so much longer at most, until each kind was hit and everybody was at work: which is drawn when is chance. */
const LONGER_MS = 120_000;
const KILL_EVERY_MS = 100;
const CLIENTS = 12;
const ROOMS = 3;
/** A client tries again soon: the test is about whether it comes back, not about how patient it is. */
const RETRY_MS = 50;
const PUSH_TIMEOUT_MS = 2_000;
/** A shard dies so much more rarely than other things: all that it has dies with it. */
const SHARD_KILLS_RARE = 4;
const KILLER = "killer";
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

let folder: string;
let runtime: Runtime;
let root: Pid;
let url: string;
const gaveUp: unknown[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rookery-faults-"));
  // The crash reports of hundreds of kills would hide everything else; a supervisor that gives up is what matters.
  const error = (fields: object): void => {
    if ((fields as { context?: unknown }).context === "shutdown") gaveUp.push(fields);
  };
  const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error };
  runtime = await Runtime.start({ logger, shards: 2 });
  await runtime.start(EveryShard, { start: [ShardKiller], name: KILLER });
  const tree = demoTree({
    host: "127.0.0.1",
    port: 0,
    databasePath: join(folder, "demo.db"),
    secretKeyBase: "a secret for this test, and no other",
    checkOrigin: false,
  });
  root = await runtime.start(Supervisor, { strategy: "one_for_one", children: [tree] });
  url = await endpointUrl(runtime, names.endpoint);
});

afterAll(async () => {
  await runtime.stop(root, "shutdown");
  await runtime.shutdown();
});

/** What was acknowledged to a client. */
interface Acknowledged {
  readonly messages: { id: number; body: string }[];
  readonly orders: number[];
}

class Client {
  readonly acknowledged: Acknowledged = { messages: [], orders: [] };
  readonly #token: string;
  readonly #socket: Socket;
  readonly room: Channel;
  readonly orders: Channel;

  constructor(token: string, userId: number, roomId: number) {
    this.#token = token;
    this.#socket = new Socket(`${url.replace("http", "ws")}/socket`, {
      params: { token },
      transport: WebSocket,
      reconnectAfterMs: () => RETRY_MS,
      rejoinAfterMs: () => RETRY_MS,
    });
    this.#socket.connect();
    this.room = this.#socket.channel(`room:${roomId}`);
    this.orders = this.#socket.channel(`orders:${userId}`);
    this.room.join(PUSH_TIMEOUT_MS);
    this.orders.join(PUSH_TIMEOUT_MS);
  }

  static async signUp(number: number): Promise<Client> {
    const user = { name: `User ${number}`, email: `user${number}@example.com`, password: "correct horse" };
    const { email, password } = user;
    await post("/api/v1/users", { user });
    const { data } = await post("/api/v1/sessions", { email, password });
    const session = data as { token: string; user: { id: number } };
    return new Client(session.token, session.user.id, (number % ROOMS) + 1);
  }

  /** Says something; resolves when it was acknowledged, or when nobody answered in time. */
  say(body: string): Promise<void> {
    return new Promise((resolve) => {
      this.room
        .push("message:new", { body }, PUSH_TIMEOUT_MS)
        .receive("ok", (response) => {
          this.acknowledged.messages.push({ id: (response as { id: number }).id, body });
          resolve();
        })
        .receive("error", () => resolve())
        .receive("timeout", () => resolve());
    });
  }

  /** Orders one piece of the product of which there are most. A request that fails was not acknowledged. */
  async order(): Promise<void> {
    try {
      const { status, data } = await post(
        "/api/v1/orders",
        { order: { items: [{ product_id: 3, quantity: 1 }] } },
        this.#token,
      );
      if (status === 201) this.acknowledged.orders.push((data as { id: number }).id);
    } catch {
      // The listener was gone, or the connection was cut.
    }
  }

  get isJoined(): boolean {
    return this.room.state === "joined" && this.orders.state === "joined";
  }

  close(): void {
    this.#socket.disconnect();
  }
}

async function post(path: string, body: object, token?: string): Promise<{ status: number; data: unknown }> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const json = (await response.json()) as { data?: unknown };
  return { status: response.status, data: json.data };
}

/** The processes that may be killed, by what they are. Whole shards, too; but the first one is the program. */
const TARGETS: Record<string, () => readonly (Pid | undefined)[]> = {
  "room channel": () => runtime.processes().filter((pid) => isRoomChannel(runtime.info(pid)?.label)),
  "repo writer": () => named("demo.repo.writer"),
  PubSub: () => named(names.pubsub),
  presence: () => named(names.presence),
  acceptor: () => named(`${names.endpoint}.acceptor`),
  shard: () => named(KILLER).slice(1),
};

/** Those with that name, of each shard. */
function named(name: string): (Pid | undefined)[] {
  return runtime.shards().map((shard) => runtime.whereis(nameOn(shard, name)) as Pid | undefined);
}

function isRoomChannel(label: unknown): boolean {
  const topic = (label as { topic?: unknown } | undefined)?.topic;
  return typeof topic === "string" && topic.startsWith("room:");
}

describe(`the demo under load, on two shards, with its processes killed at random (SEED=${SEED})`, () => {
  test(
    "loses nothing that it acknowledged, and everybody is back in the end",
    { timeout: DURATION_MS + LONGER_MS + 240_000 },
    async () => {
      const random = new SeededRandom(SEED);
      const clients: Client[] = [];
      for (let number = 0; number < CLIENTS; number += 1) clients.push(await Client.signUp(number));

      const killed: Record<string, number> = {};
      const endMs = performance.now() + DURATION_MS;
      const isEnough = (): boolean =>
        Object.keys(killed).length === Object.keys(TARGETS).length &&
        clients.flatMap(({ acknowledged }) => acknowledged.messages).length > CLIENTS &&
        clients.flatMap(({ acknowledged }) => acknowledged.orders).length > CLIENTS;
      let running = true;
      const killing = (async () => {
        for await (const _ of every(KILL_EVERY_MS)) {
          const overMs = performance.now() - endMs;
          if (overMs >= LONGER_MS || (overMs >= 0 && isEnough())) break;
          const kinds = Object.keys(TARGETS);
          const kind = kinds[random.below(kinds.length)]!;
          const alive = TARGETS[kind]!().filter((pid) => pid !== undefined);
          const target = alive[random.below(alive.length)];
          if (target === undefined) continue;
          if (kind !== "shard") runtime.exit(target, "kill");
          else if (random.below(SHARD_KILLS_RARE) === 0) runtime.cast(target, "kill");
          else continue;
          killed[kind] = (killed[kind] ?? 0) + 1;
        }
        running = false;
      })();
      const loads = clients.map(async (client, number) => {
        for (let turn = 0; running; turn += 1)
          await Promise.all([client.say(`${number}-${turn}`), client.order()]);
      });
      await Promise.all([killing, ...loads]);

      // Each kind was hit, or the test has shown nothing.
      expect(Object.keys(killed).toSorted()).toEqual(Object.keys(TARGETS).toSorted());
      await expect.poll(() => clients.filter((client) => !client.isJoined).length).toBe(0);
      const isBack = ({ acknowledged }: Client): boolean =>
        acknowledged.messages.at(-1)?.body.endsWith("is back") ?? false;
      // One may seem to be joined that has not heard yet of what was killed last.
      await Promise.all(
        clients.map(async (client, number) => {
          for (let turn = 0; !isBack(client); turn += 1) await client.say(`${number}, turn ${turn}, is back`);
        }),
      );
      clients.forEach((client) => client.close());

      const database = new Database(join(folder, "demo.db"), { readonly: true });
      const messages = clients.flatMap((client) => client.acknowledged.messages);
      const orders = clients.flatMap((client) => client.acknowledged.orders);
      const bodies = database.prepare("select id, body from messages where user_id is not null").all() as {
        id: number;
        body: string;
      }[];
      const byBody = Map.groupBy(bodies, ({ body }) => body);
      expect(
        messages.filter(({ id, body }) => byBody.get(body)?.length !== 1 || byBody.get(body)![0]!.id !== id),
      ).toEqual([]);
      const orderIds = new Set(
        (database.prepare("select id from orders").all() as { id: number }[]).map(({ id }) => id),
      );
      expect(orders.filter((id) => !orderIds.has(id))).toEqual([]);
      expect(new Set(orders).size).toBe(orders.length);
      const { stock } = database.prepare("select stock from products where id = 3").get() as {
        stock: number;
      };
      expect(stock).toBe(100_000 - orderIds.size);
      database.close();

      expect(gaveUp).toEqual([]);
      expect(runtime.isAlive(root)).toBe(true);
      expect(messages.length).toBeGreaterThan(CLIENTS);
      expect(orders.length).toBeGreaterThan(CLIENTS);
    },
  );
});
