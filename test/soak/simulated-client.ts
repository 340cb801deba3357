import type { Runtime } from "rookery";
import { SeededRandom } from "rookery/testing";
import { names } from "../../demo/demo-tree.ts";
import { connectInMemory, type MemoryConnection } from "../channels/memory-connection.ts";
import { PRODUCT_ID } from "./audit.ts";
import type { AskedOrder, SaidMessage } from "./ledger.ts";
import { SimulatedTopic } from "./simulated-topic.ts";
import type { SoakWorld } from "./soak-world.ts";
import { MOUNT, partsOn } from "./soak-shard.ts";

/** What a frame or a request needs on its way. */
const LATENCY_MS = 5;
/** Who hears nothing for so long tries again. */
const TIMEOUT_MS = 3_000;
const RETRY_MS = 50;
/** Clients act at the same moments, so that much happens at once. */
const BEAT_MS = 20;
const BEATS_MAX = 20;
const AWAY_MS_MAX = 2_000;

type Frame = readonly [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: Readonly<Record<string, unknown>>,
];
type Answered = (status: string, response: { readonly id?: number }) => void;

export interface SoakUser {
  readonly id: number;
  readonly token: string;
}

/** One window of one user: it says, orders and cancels things, goes away and comes back, as the official client does. */
export class SimulatedClient {
  readonly user: SoakUser;
  readonly room: SimulatedTopic;
  readonly orders: SimulatedTopic;
  readonly #world: SoakWorld;
  readonly #name: string;
  readonly #random: SeededRandom;
  readonly #answers = new Map<string, Answered>();
  #connection: MemoryConnection | undefined;
  /** The shard of the connection. */
  #runtime: Runtime | undefined;
  /** Of the connection, or of the attempt to make one. */
  #generation = 0;
  #isAway = false;
  #refs = 0;

  constructor(world: SoakWorld, number: number, user: SoakUser, roomId: number) {
    this.#world = world;
    this.#name = `window ${number}`;
    this.#random = new SeededRandom(world.seed * 1_009 + number);
    this.user = user;
    this.room = new SimulatedTopic(`room:${roomId}`);
    this.orders = new SimulatedTopic(`orders:${user.id}`);
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  get isJoined(): boolean {
    return this.room.isJoined && this.orders.isJoined;
  }

  /** Is there and does things, until the world is to be quiet. */
  async live(): Promise<void> {
    this.#connect();
    while (this.#world.isBusy) {
      await this.#world.pass(BEAT_MS * (1 + this.#random.below(BEATS_MAX)));
      const dice = this.#random.next();
      if (dice < 0.45) this.say();
      else if (dice < 0.85) void this.order();
      else if (dice < 0.93) this.cancel();
      else if (!this.#isAway) this.#goAway(this.#random.below(AWAY_MS_MAX));
    }
    if (this.#random.next() < 0.25) this.#goAway(undefined);
  }

  say(): SaidMessage | undefined {
    const { room } = this;
    if (!room.isJoined) return undefined;
    const message = this.#world.ledger.say(this.#name);
    const listeners = this.#world.listeners((client) =>
      client.room.name === room.name ? client.room : undefined,
    );
    this.#push(room, "message:new", { body: message.body }, (status, { id }) => {
      if (status !== "ok" || id === undefined) return;
      message.id = id;
      this.#world.expectTold(listeners, id, `the message "${message.body}"`);
    });
    return message;
  }

  /** Orders something; now and then with something of which there is little, so that it may be refused. */
  async order(mayBeRefused: boolean = this.#random.next() < 0.1): Promise<AskedOrder> {
    const { user } = this;
    const order = this.#world.ledger.order(user.id);
    const listeners = this.#world.listeners((client) => (client.user === user ? client.orders : undefined));
    await this.#request(
      async (runtime) => {
        const items = [{ product_id: PRODUCT_ID, quantity: order.quantity }];
        if (mayBeRefused) items.push({ product_id: 2, quantity: 1 });
        const result = await partsOn(runtime)!.orders.place(user.id, { items });
        return result.ok ? result.order.id : undefined;
      },
      (id) => {
        order.id = id;
        if (id !== undefined) this.#world.expectTold(listeners, id, `the order ${id}`);
      },
    );
    return order;
  }

  /** Cancels an order, and asks again until it hears what became of it. */
  cancel(): void {
    const { user } = this;
    const order = this.#world.ledger.orders.find(
      ({ userId, id, cancel }) => userId === user.id && id !== undefined && cancel !== "acknowledged",
    );
    if (order === undefined) return;
    order.cancel = "asked";
    void this.#request(
      async (runtime) => await partsOn(runtime)!.orders.cancel(user.id, order.id!),
      (result) => {
        if (result.ok || result.error === "conflict") order.cancel = "acknowledged";
      },
    );
  }

  /** A request over HTTP, to whichever shard takes it. Who fails is not answered, and one who dies does not fail. */
  async #request<Answer>(
    ask: (runtime: Runtime) => Promise<Answer>,
    answered: (answer: Answer) => void,
  ): Promise<void> {
    const world = this.#world;
    await world.pass(LATENCY_MS);
    const runtime = world.anyShard(this.#random);
    try {
      const answer = await ask(runtime);
      if (!world.isThere(runtime)) return;
      await world.pass(LATENCY_MS);
      answered(answer);
    } catch {
      // The answer is 500 or 503, and the client knows as much as before.
    }
  }

  #goAway(forMs: number | undefined): void {
    this.#isAway = true;
    this.#connection?.close();
    this.#dropped(this.#generation);
    if (forMs === undefined) return;
    this.#world.after(forMs, () => {
      this.#isAway = false;
      this.#connect();
    });
  }

  #connect(): void {
    if (this.#isAway) return;
    this.#generation += 1;
    const generation = this.#generation;
    const isCurrent = (): boolean => generation === this.#generation;
    this.#world.after(TIMEOUT_MS, () => {
      if (isCurrent() && this.#connection === undefined) this.#connect();
    });
    this.#world.after(LATENCY_MS, async () => {
      const runtime = this.#world.anyShard(this.#random);
      const connection = await this.#connected(runtime, generation);
      if (!isCurrent()) return connection?.close();
      if (connection === undefined || !this.#world.isThere(runtime))
        return this.#world.after(RETRY_MS, () => isCurrent() && this.#connect());
      this.#connection = connection;
      this.#runtime = runtime;
      this.#join(this.room);
      this.#join(this.orders);
    });
  }

  async #connected(runtime: Runtime, generation: number): Promise<MemoryConnection | undefined> {
    const socket = partsOn(runtime)?.socket;
    if (socket === undefined) return undefined;
    const mount = { runtime, handler: socket, name: MOUNT, pubsub: names.pubsub };
    const later = (act: () => void): void =>
      this.#world.after(LATENCY_MS, () => {
        if (generation === this.#generation) act();
      });
    try {
      return await connectInMemory(
        mount,
        { token: this.user.token },
        {
          received: (text) => later(() => this.#receive(JSON.parse(text) as Frame)),
          closed: () => later(() => this.#dropped(generation)),
        },
      );
    } catch {
      return undefined;
    }
  }

  /** The shard of `runtime` is gone, and all sockets of it are closed. */
  shardLost(runtime: Runtime): void {
    if (this.#runtime === runtime) this.#dropped(this.#generation);
  }

  #dropped(generation: number): void {
    if (generation !== this.#generation) return;
    this.#generation += 1;
    this.#connection = undefined;
    this.#runtime = undefined;
    this.#answers.clear();
    this.room.left();
    this.orders.left();
    const current = this.#generation;
    this.#world.after(RETRY_MS, () => {
      if (current === this.#generation) this.#connect();
    });
  }

  #join(topic: SimulatedTopic): void {
    const generation = this.#generation;
    if (this.#connection === undefined) return;
    this.#refs += 1;
    const joinRef = String(this.#refs);
    topic.joining(joinRef);
    const again = (): void => {
      if (generation === this.#generation && topic.joinRef === joinRef && !topic.isJoined) this.#join(topic);
    };
    this.#world.after(TIMEOUT_MS, again);
    this.#send(joinRef, topic, "phx_join", {}, (status) => {
      if (topic.joinRef !== joinRef) return;
      if (status === "ok") topic.joined();
      else this.#world.after(RETRY_MS, again);
    });
  }

  #push(topic: SimulatedTopic, event: string, payload: object, answered: Answered): void {
    this.#send(topic.joinRef!, topic, event, payload, answered);
  }

  #send(joinRef: string, topic: SimulatedTopic, event: string, payload: object, answered: Answered): void {
    this.#refs += 1;
    const ref = String(this.#refs);
    const connection = this.#connection!;
    this.#answers.set(ref, answered);
    this.#world.after(LATENCY_MS, () => connection.send([joinRef, ref, topic.name, event, payload]));
  }

  #receive([joinRef, ref, name, event, payload]: Frame): void {
    if (event === "phx_reply") {
      const answered = this.#answers.get(ref!);
      this.#answers.delete(ref!);
      return answered?.(payload["status"] as string, payload["response"] as { readonly id?: number });
    }
    const topic = name === this.room.name ? this.room : name === this.orders.name ? this.orders : undefined;
    if (topic === undefined) return;
    if ((event === "phx_error" || event === "phx_close") && joinRef === topic.joinRef) {
      topic.left();
      const generation = this.#generation;
      return this.#world.after(RETRY_MS, () => {
        if (generation === this.#generation && topic.joinRef === undefined) this.#join(topic);
      });
    }
    topic.receive(joinRef, event, payload);
  }
}
