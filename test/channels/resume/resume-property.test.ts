import { assert, describe, test } from "vitest";
import { broadcastTo, PubSub, TopicLog } from "../../../channels/index.ts";
import { type Logged, laneTopic } from "../../../channels/resume/resume-lane.ts";
import { socketSupervisor } from "../../../channels/socket-supervisor.ts";
import { ClientGone } from "../../../channels/transport-message.ts";
import { type Runtime, silentLogger } from "../../../runtime/index.ts";
import { SeededRandom, simulateEach, type Simulation } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { connect, PUBSUB, SOCKETS, type TestConnection } from "../test-connection.ts";
import { LOG, resumedSocket } from "./resumed-room.ts";

const TOPIC = "room:1";
const STEPS = 120;
const RUNS = 60;

/** What a client got from one explicit beginning on: of a log, from an offset on. */
interface Segment {
  readonly epoch: string;
  readonly start: number;
  readonly got: { readonly offset: number; readonly event: string; readonly n: number }[];
  end: number;
}

type Frame = readonly [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: { readonly [key: string]: unknown },
];

/** A client as Phoenix's: it drops frames with another join_ref, and joins anew with the offset that it has seen. */
class ModelClient {
  readonly segments: Segment[] = [];
  readonly typed: number[] = [];
  position: { readonly epoch: string; offset: number; readonly id: string } | undefined = undefined;
  connection: TestConnection | undefined = undefined;
  joinRef = "";
  state: "out" | "joining" | "in" | "errored" = "out";
  #refs = 0;

  join(): void {
    this.joinRef = String((this.#refs += 1));
    this.state = "joining";
    const resume = this.position === undefined ? true : { ...this.position };
    this.connection!.send([this.joinRef, this.joinRef, TOPIC, "phx_join", { resume }]);
  }

  push(event: string, payload: object): void {
    this.connection!.send([this.joinRef, String((this.#refs += 1)), TOPIC, event, payload]);
  }

  /** Reads at most so many of the frames that have come. */
  read(count: number): void {
    const { frames } = this.connection!.peer;
    for (const frame of frames.splice(0, count)) this.#take(JSON.parse(frame as string) as Frame);
  }

  #take([joinRef, ref, , event, payload]: Frame): void {
    if (joinRef !== null && joinRef !== this.joinRef) return;
    if (event === "phx_reply" && ref === this.joinRef) return this.#joined(payload);
    if (event === "phx_error") this.state = "errored";
    if (event === "typing") this.typed.push(payload["n"] as number);
    if (event === "resume_offset") this.#standsAt(payload["resume_offset"] as number);
    if (event !== "said" && event !== "whispered") return;
    assert.equal(this.state, "in", "no event comes before the reply");
    const offset = payload["resume_offset"] as number;
    this.segments.at(-1)!.got.push({ offset, event, n: payload["n"] as number });
    this.#standsAt(offset);
  }

  #standsAt(offset: number): void {
    assert.isAbove(offset, this.position!.offset);
    this.segments.at(-1)!.end = offset;
    this.position!.offset = offset;
  }

  #joined({ status, response }: { readonly [key: string]: unknown }): void {
    if (status !== "ok") {
      this.state = "errored";
      return;
    }
    const { resumed, epoch, offset, id } = (
      response as { resume: { resumed: boolean; epoch: string; offset: number; id: string } }
    ).resume;
    this.state = "in";
    if (resumed) {
      assert.equal(epoch, this.position!.epoch);
      assert.equal(id, this.position!.id);
    } else {
      this.position = { epoch, offset, id };
      this.segments.push({ epoch, start: offset, end: offset, got: [] });
    }
  }
}

class World {
  readonly clients: ModelClient[] = Array.from({ length: 4 }, () => new ModelClient());
  /** All that was logged, by epoch. */
  readonly logged = new Map<string, Logged[]>();
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  readonly #limits: object;
  /** What each process that broadcast did, in its order; `heard` if all of it must be in the log. */
  readonly #broadcasters: { readonly heard: boolean; readonly numbers: number[] }[] = [];
  #n = 0;

  constructor(simulation: Simulation, limits: object) {
    this.#simulation = simulation;
    this.#random = new SeededRandom(simulation.seed);
    this.#limits = limits;
  }

  async #settled<Value>(work: Promise<Value>): Promise<Value> {
    const value = work.catch((error: unknown) => ({ error }));
    await this.#simulation.settle();
    const result = await value;
    if (typeof result === "object" && result !== null && "error" in result) throw result.error;
    return result as Value;
  }

  async start(): Promise<void> {
    for (const runtime of this.#simulation.runtimes) await this.#startShard(runtime);
    await this.#startLog();
    this.#simulation.runtime.spawn(async (self) => {
      const take = (entry: Logged): void => {
        const entries = this.logged.get(entry.epoch) ?? [];
        this.logged.set(entry.epoch, [...entries, entry]);
      };
      PubSub.subscribe(self, PUBSUB, laneTopic(TOPIC), { take });
      await self.receive();
    });
  }

  async #startShard(runtime: Runtime): Promise<void> {
    const pubsub = { id: "pubsub", name: PUBSUB, nameScope: "shard", start: [PubSub, {}] } as const;
    await this.#settled(
      runtime.start(Supervisor, {
        strategy: "one_for_one",
        intensity: STEPS,
        children: [pubsub, socketSupervisor(SOCKETS)],
      }),
    );
  }

  async #startLog(): Promise<void> {
    const options = { pubsub: PUBSUB, ...this.#limits };
    await this.#settled(this.#simulation.runtime.start(TopicLog, options, { name: LOG }));
  }

  async step(faults: boolean): Promise<void> {
    const client = this.clients[this.#random.below(this.clients.length)]!;
    const choice = this.#random.below(faults ? 23 : 21);
    if (choice === 22 && this.#simulation.runtimes.length > 1) await this.#loseShard();
    else if (choice >= 21) {
      this.#simulation.runtime.exit(LOG, "kill");
      // Sometimes what is said while there is no log is not in any.
      if (this.#random.below(2) === 0) this.#broadcast();
      await this.#startLog();
    } else if (choice < 5) this.#broadcast();
    else if (client.connection === undefined) await this.#connect(client);
    else if (choice < 8 && client.state === "in") client.push("say", { n: (this.#n += 1) });
    else if (choice < 11 && client.state === "in") client.push("whisper", { n: (this.#n += 1) });
    else if (choice < 12 && client.state === "in") client.push("type", { n: (this.#n += 1) });
    else if (choice < 13) this.#disconnect(client);
    else if (choice < 14 && client.state === "in") client.push("crash", {});
    else if (choice < 16 && client.state !== "joining") client.join();
    else if (choice < 17) this.#killPubSub();
    else client.read(this.#random.below(6));
    if (this.#random.below(3) === 0) await this.#simulation.settle();
  }

  #broadcast(): void {
    const { runtimes } = this.#simulation;
    const runtime = runtimes[this.#random.below(runtimes.length)]!;
    const count = 1 + this.#random.below(3);
    const broadcaster = { heard: this.logged.size > 0, numbers: [] as number[] };
    this.#broadcasters.push(broadcaster);
    runtime.spawn(async (self) => {
      for (let index = 0; index < count; index += 1) {
        broadcaster.numbers.push((this.#n += 1));
        broadcastTo(self, PUBSUB, TOPIC, "said", { n: this.#n });
        await Promise.resolve();
      }
    });
  }

  /** Subscriptions outlive it: nobody may notice. */
  #killPubSub(): void {
    const { runtimes } = this.#simulation;
    runtimes[this.#random.below(runtimes.length)]!.exit(PUBSUB, "kill");
  }

  /** A shard is gone with all that is on it, and another takes its place. */
  async #loseShard(): Promise<void> {
    const place = 1 + this.#random.below(this.#simulation.runtimes.length - 1);
    const lost = this.#simulation.runtimes[place]!;
    for (const client of this.clients) if (client.connection?.runtime === lost) this.#gone(client);
    this.#simulation.loseShard(place);
    if (this.#random.below(2) === 0) this.#broadcast();
    await this.#simulation.settle();
    await this.#settled(this.#simulation.startShard(place));
    await this.#startShard(this.#simulation.runtimes[place]!);
  }

  async #connect(client: ModelClient): Promise<void> {
    const { runtimes } = this.#simulation;
    const runtime = runtimes[this.#random.below(runtimes.length)]!;
    client.connection = await this.#settled(connect(runtime, resumedSocket));
    client.join();
  }

  /** Frames that the client has not read are lost on the way. */
  #disconnect(client: ModelClient): void {
    const { runtime, pid } = client.connection!;
    runtime.send(pid, new ClientGone());
    this.#gone(client);
  }

  #gone(client: ModelClient): void {
    client.connection = undefined;
    client.state = "out";
  }

  /** Every client comes back and reads all there is. */
  async end(): Promise<void> {
    for (let round = 0; round < 4; round += 1) {
      for (const client of this.clients) {
        if (client.connection === undefined) await this.#connect(client);
        await this.#simulation.settle();
        client.read(Infinity);
        if (client.state === "errored") client.join();
      }
    }
  }

  check(faults: boolean): void {
    const all = [...this.logged.values()].flat().map(({ payload }) => numberOf(payload));
    for (const { heard, numbers } of this.#broadcasters) {
      const logged = all.filter((n) => numbers.includes(n));
      assert.deepEqual(logged, heard && !faults ? numbers : numbers.filter((n) => logged.includes(n)));
    }
    for (const [epoch, entries] of this.logged) {
      assert.deepEqual(
        entries.map(({ offset }) => offset),
        entries.map((_, index) => entries[0]!.offset + index),
        `the offsets of ${epoch}`,
      );
      const numbers = entries.map(({ payload }) => numberOf(payload));
      assert.equal(new Set(numbers).size, numbers.length, "each broadcast is logged once");
    }
    const epochs = new Set(this.clients.map(({ position }) => position!.epoch));
    assert.equal(epochs.size, 1, "nobody stays behind in the epoch of a log that is gone");
    for (const client of this.clients) {
      assert.equal(client.state, "in");
      assert.equal(new Set(client.typed).size, client.typed.length, "what is not logged comes once");
      for (const segment of client.segments) this.#checkSegment(client, segment);
    }
  }

  #checkSegment({ segments, position }: ModelClient, segment: Segment): void {
    const { epoch, start, got } = segment;
    const entries = this.logged.get(epoch) ?? [];
    const end = segment === segments.at(-1) ? (entries.at(-1)?.offset ?? 0) : segment.end;
    const expected = entries
      .filter(({ offset, origin }) => offset > start && offset <= end && origin !== position!.id)
      .map(({ offset, event, payload }) => ({ offset, event, n: numberOf(payload) }));
    assert.deepEqual(got, expected);
  }
}

function numberOf(payload: string | Uint8Array): number {
  return (JSON.parse(payload as string) as { n: number }).n;
}

async function run(simulation: Simulation, faults: boolean, limits: object = {}): Promise<World> {
  const world = new World(simulation, limits);
  await world.start();
  for (let step = 0; step < STEPS; step += 1) await world.step(faults);
  await world.end();
  world.check(faults);
  return world;
}

describe("clients that come and go", () => {
  for (const shards of [1, 3]) {
    const where = shards === 1 ? "one shard" : `${shards} shards`;

    test(`have all that was logged since they first came, in order, once: on ${where}`, async () => {
      let [joins, got] = [0, 0];
      await simulateEach({ runs: RUNS, shards, logger: silentLogger }, async (simulation) => {
        const { clients } = await run(simulation, false);
        for (const { segments } of clients) {
          // No fault, and no limit: there is one beginning only.
          assert.lengthOf(segments, 1);
          joins += 1;
          got += segments[0]!.got.length;
        }
      });
      assert.isAbove(got / joins, 10);
    });

    test(`are told when the log is another, or does not reach so far back: on ${where}`, async () => {
      let beginnings = 0;
      await simulateEach({ runs: RUNS, shards, logger: silentLogger }, async (simulation) => {
        const { clients } = await run(simulation, true, { messagesMax: 4 });
        for (const { segments } of clients) beginnings += segments.length;
      });
      assert.isAbove(beginnings, RUNS * 5);
    });
  }
});
