import { onEveryShard, type Runtime, silentLogger, Supervisor } from "rookery";
import { openSandbox, type Sandbox } from "rookery/api/testing";
import type { Repo } from "rookery/api";
import { assertionsOf, type SeededRandom, simulate, type Simulation } from "rookery/testing";
import { itemsOf, residentOf, runExitHook } from "../../runtime/internal.ts";
import { Accounts } from "../../demo/accounts/accounts.ts";
import { type Database, databaseAt } from "../../demo/database.ts";
import { names } from "../../demo/demo-tree.ts";
import { RoomPresence } from "../../demo/sockets/room-presence.ts";
import { audit, type Stock, stockIn } from "./audit.ts";
import { Ledger } from "./ledger.ts";
import { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedTopic } from "./simulated-topic.ts";
import { DATABASE_PROCESSES, type SoakShard } from "./soak-shard.ts";

const SECRET = "a secret for simulations, and for nothing else";
const RESTARTS_MAX = 50;
const USERS = 4;
const WINDOWS = 6;
const ROOMS = 2;
/** So long after an acknowledgement whoever listens has heard of it. */
const TOLD_MS = 100;
/** After the last fault it may take so long until everybody is back and knows who is there. */
const CALM_MS = 60_000;
const LOOK_MS = 500;

/** Who listened when something was asked for, each as of one join. */
interface Listeners {
  readonly joins: readonly { readonly topic: SimulatedTopic; readonly joinRef: string }[];
  readonly shardsLost: number;
}

/** The demo on virtual time, with its clients and what they know. */
export class SoakWorld implements AsyncDisposable {
  readonly seed: number;
  readonly ledger: Ledger = new Ledger();
  readonly clients: readonly SimulatedClient[];
  isBusy = true;
  readonly #simulation: Simulation;
  readonly #sandbox: Sandbox<Repo<Database>>;
  readonly #stock: Stock;
  readonly #problems: string[] = [];
  readonly #lost = new WeakSet<Runtime>();
  #shardsLost = 0;

  private constructor(
    simulation: Simulation,
    sandbox: Sandbox<Repo<Database>>,
    users: readonly { readonly id: number; readonly token: string }[],
  ) {
    this.seed = simulation.seed;
    this.#simulation = simulation;
    this.#sandbox = sandbox;
    this.#stock = stockIn(sandbox.database);
    this.clients = Array.from(
      { length: WINDOWS },
      (_, number) => new SimulatedClient(this, number, users[number % USERS]!, (number % ROOMS) + 1),
    );
  }

  /**
   * Does what takes real time, which passes in no simulation: migrates the database that all worlds have copies of, and loads the
   * modules that shards look up, lest the first run be another one than its repetition.
   */
  static async prepare(Shard: typeof SoakShard): Promise<void> {
    await (await openSandbox(databaseAt, { fill: addUsers }))[Symbol.asyncDispose]();
    await using simulation = await simulate({ seed: 0, shards: 2, logger: silentLogger });
    await using world = await simulation.run(() => SoakWorld.start(simulation, Shard));
    world.isBusy = false;
  }

  static async start(simulation: Simulation, Shard: typeof SoakShard): Promise<SoakWorld> {
    const sandbox = await openSandbox(databaseAt, { fill: addUsers });
    const { clock } = simulation;
    const accounts = new Accounts({ repo: sandbox.repo, clock, secretKeyBase: SECRET });
    const settings = { databasePath: sandbox.database, secretKeyBase: SECRET };
    const tree = onEveryShard(Shard, settings, { intensity: RESTARTS_MAX });
    await simulation.runtime.start(
      Supervisor,
      { strategy: "one_for_one", intensity: RESTARTS_MAX, children: [tree] },
      { name: "soak" },
    );
    const users = Array.from({ length: USERS }, (_, index) => ({ id: index + 1 }));
    const signedIn = users.map(({ id }) => ({ id, token: accounts.tokenFor({ id } as never) }));
    const world = new SoakWorld(simulation, sandbox, signedIn);
    for (const client of world.clients) void client.live();
    return world;
  }

  /** Calls `act` when `ms` have passed. */
  after(ms: number, act: () => unknown): void {
    this.#simulation.clock.setTimer(ms, () => void act());
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Whichever shard the system gives a connection to. */
  anyShard(random: SeededRandom): Runtime {
    const there = this.#simulation.runtimes.filter((runtime) => this.isThere(runtime));
    return there[random.below(there.length)]!;
  }

  isThere(runtime: Runtime): boolean {
    const { runtimes, runtime: first } = this.#simulation;
    return !this.#lost.has(runtime) && runtimes.includes(runtime) && first.shards().includes(runtime.place);
  }

  /** What happens to a shard whose thread is about to die: SQLite's connections and the sockets end with it. */
  losing(place: number): void {
    const runtime = this.#simulation.runtimes[place]!;
    this.#shardsLost += 1;
    // The others hear of it later, and promise continuations of it run on.
    this.#lost.add(runtime);
    for (const name of DATABASE_PROCESSES) closeFiles(runtime, name);
    for (const client of this.clients) client.shardLost(runtime);
  }

  /** Those who listen now. */
  listeners(topicOf: (client: SimulatedClient) => SimulatedTopic | undefined): Listeners {
    const joins = this.clients.flatMap((client) => {
      const topic = topicOf(client);
      return topic?.isJoined === true ? [{ topic, joinRef: topic.joinRef! }] : [];
    });
    return { joins, shardsLost: this.#shardsLost };
  }

  /** Those who have listened all the time have to have heard of it soon. What a lost shard had still to tell is lost with it. */
  expectTold({ joins, shardsLost }: Listeners, id: number, what: string): void {
    this.after(TOLD_MS, () => {
      if (shardsLost !== this.#shardsLost) return;
      for (const { topic, joinRef } of joins)
        if (topic.isJoined && topic.joinRef === joinRef && !topic.told.has(id))
          this.#problems.push(`a window that listens to ${topic.name} was not told of ${what}`);
    });
  }

  /** Once the faults are over: everybody comes back, and nothing that was acknowledged is missing. Throws what is wrong. */
  async verify(gaveUp: readonly string[]): Promise<void> {
    this.isBusy = false;
    const simulation = this.#simulation;
    const endMs = simulation.clock.nowMs() + CALM_MS;
    let wrong: string[];
    do {
      await simulation.advance(LOOK_MS);
      wrong = [...this.#absent(), ...this.#presenceWrong()];
    } while (wrong.length > 0 && simulation.clock.nowMs() < endMs);
    if (!(await this.#isAnswered()))
      wrong.push("in the end, somebody who says or orders something is not answered");
    wrong.push(...gaveUp, ...this.#problems, ...audit(this.#sandbox.database, this.ledger, this.#stock));
    if (wrong.length > 0) throw new Error(wrong.join("; "));
    const system = await assertionsOf(simulation);
    await system.assertNoOrphans();
    await system.assertMailboxesDrain();
  }

  /** Whether everybody who says and orders something hears that it is done. */
  async #isAnswered(): Promise<boolean> {
    const simulation = this.#simulation;
    const there = this.clients.filter(({ isAway }) => !isAway);
    const said = there.map((client) => client.say());
    const ordered = there.map((client) => client.order(false));
    await simulation.advance(LOOK_MS);
    const orders = await simulation.run(() => Promise.all(ordered));
    return said.every((message) => message?.id !== undefined) && orders.every(({ id }) => id !== undefined);
  }

  #absent(): string[] {
    const missing = this.clients.filter(({ isAway, isJoined }) => !isAway && !isJoined);
    return missing.length === 0 ? [] : [`${missing.length} windows are not back`];
  }

  /** Who is in a room by what each shard and each window knows, against who is there. */
  #presenceWrong(): string[] {
    const wrong: string[] = [];
    for (const name of new Set(this.clients.map(({ room }) => room.name))) {
      const inside = this.clients.filter(({ room }) => room.name === name && room.isJoined);
      const expected = textOf(countsOf(inside.map(({ user }) => String(user.id))));
      for (const client of inside) {
        const seen = textOf(client.room.present());
        if (seen !== expected) wrong.push(`a window in ${name} sees ${seen}, there are ${expected}`);
      }
      for (const runtime of this.#simulation.runtimes) {
        const known = knownOn(runtime, name);
        if (known !== expected)
          wrong.push(`shard ${runtime.place} knows ${known} in ${name}, there are ${expected}`);
      }
    }
    return wrong;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sandbox[Symbol.asyncDispose]();
  }
}

async function addUsers(repo: Repo<Database>): Promise<void> {
  for (let number = 1; number <= USERS; number += 1) {
    const row = { name: `User ${number}`, email: `user${number}@example.com`, password_hash: "" };
    await repo.transaction((db) =>
      db
        .insertInto("users")
        .values({ ...row, inserted_at: "2026-01-01T00:00:00.000Z" })
        .execute(),
    );
  }
}

/** Nobody is told of anything: the process does not exit, its thread does. What closes its files is its exit hooks. */
function closeFiles(runtime: Runtime, name: string): void {
  const pid = runtime.whereis(name);
  const hooks = pid === undefined ? undefined : residentOf(pid)?.exitHooks;
  for (const hook of itemsOf(hooks)) runExitHook(hook, "noconnection", pid!);
}

/** Who is in a room, as a shard knows it. */
function knownOn(runtime: Runtime, room: string): string {
  try {
    const entries = RoomPresence.dirtyList(runtime, names.presence, room);
    return textOf(countsOf(entries.map(([key]) => key)));
  } catch (error) {
    return (error as Error).message;
  }
}

function countsOf(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function textOf(counts: ReadonlyMap<string, number>): string {
  return JSON.stringify([...counts].toSorted(([a], [b]) => a.localeCompare(b)));
}
