import { queryObjects } from "node:v8";
import {
  type CallResult,
  type CastResult,
  DownMessage,
  ExitMessage,
  type ExitReason,
  GenServer,
  nameOn,
  noReply,
  ok,
  type Ok,
  Pid,
  Ref,
  reply,
} from "../../runtime/index.ts";
import { ModuleSupervisor, type Supervisor } from "../../supervisors/index.ts";

/** Nothing that is killed on purpose may exhaust it. */
export const INTENSITY = 1_000_000;
const TICK_MS = 5;
const BURST = 20;
const IN_FLIGHT_MAX = 200;
const ACK_EVERY = 10;
/** As large as what is handed over without a copy; and what is copied. */
const LARGE_BYTES = 100_000;
const LARGE_EVERY = 101;
/** Longer than a machine that has other things to do may take. */
const CALL_MS = 30_000;

const ended = new Set<unknown>(["killed", "stalled", "noconnection", "noproc", "shutdown"]);

/** Hears of everything that must not happen. Lives on the first shard. */
export class Auditor extends GenServer<Record<string, number>, "complaints", string> {
  init(_arg: undefined): Ok<Record<string, number>> {
    return ok({});
  }
  override handleCall(): CallResult {
    return reply({ ...this.state });
  }
  override handleCast(complaint: string): CastResult {
    this.state[complaint] = (this.state[complaint] ?? 0) + 1;
    return noReply();
  }
}

interface Numbered {
  readonly from: Pid;
  readonly n: number;
  readonly bytes?: Uint8Array;
}

/** Of the messages of one end of a pair. */
export interface EndStatus {
  readonly pid: Pid;
  readonly peer: Pid | undefined;
  readonly sent: number;
  readonly acknowledged: number;
  readonly heard: Pid | undefined;
  readonly last: number;
}

type EndInfo = "tick" | { readonly ack: number; readonly by: Pid } | Numbered | DownMessage;

/** Sends numbered messages to the end of the same pair on another shard, and counts those that come from there. */
export class PairEnd extends GenServer<number, "status" | "pause" | "resume", never, EndInfo> {
  static override readonly module: string = import.meta.url;

  #peer: Pid | undefined;
  #ref: Ref | undefined;
  #sent = 0;
  #acknowledged = 0;
  #heard: Pid | undefined;
  #last = 0;
  #paused = false;

  init(other: number): Ok<number> {
    this.self.send(this.self.pid, "tick");
    return ok(other);
  }

  override handleCall(request: "status" | "pause" | "resume"): CallResult {
    if (request !== "status") this.#paused = request === "pause";
    return reply({
      pid: this.self.pid,
      peer: this.#peer,
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      heard: this.#heard,
      last: this.#last,
    } satisfies EndStatus);
  }

  override handleInfo(message: EndInfo): CastResult {
    if (message === "tick") this.#tick();
    else if (message instanceof DownMessage) this.#down(message);
    else if ("ack" in message) this.#acknowledge(message.ack, message.by);
    else this.#hear(message);
    return noReply();
  }

  #tick(): void {
    this.self.sendAfter(TICK_MS, this.self.pid, "tick");
    this.#peer ??= this.#find();
    if (this.#peer === undefined || this.#paused) return;
    for (let i = 0; i < BURST && this.#sent - this.#acknowledged < IN_FLIGHT_MAX; i += 1) {
      this.#sent += 1;
      const n = this.#sent;
      const large = n % LARGE_EVERY === 0 ? { bytes: new Uint8Array(LARGE_BYTES).fill(n & 255) } : {};
      this.self.send(this.#peer, { from: this.self.pid, n, ...large });
    }
  }

  #find(): Pid | undefined {
    const peer = this.self.runtime.whereis(nameOn(this.state, `pair ${this.self.runtime.place}`)) as
      | Pid
      | undefined;
    if (peer === undefined) return undefined;
    this.#ref = this.self.monitor(peer);
    this.#sent = 0;
    this.#acknowledged = 0;
    return peer;
  }

  #down({ ref, reason }: DownMessage): void {
    if (ref !== this.#ref) return this.#complain("a DOWN that nobody waits for");
    if (!ended.has(reason)) this.#complain(`a peer that ended with ${String(reason)}`);
    if (this.self.runtime.whereis(nameOn(this.state, `pair ${this.self.runtime.place}`)) === this.#peer)
      this.#complain("a name of a dead process");
    this.#peer = undefined;
    this.#ref = undefined;
  }

  #acknowledge(n: number, by: Pid): void {
    if (by !== this.#peer) return;
    if (n !== this.#acknowledged + ACK_EVERY) this.#complain("an acknowledgement out of order");
    this.#acknowledged = n;
  }

  #hear({ from, n, bytes }: Numbered): void {
    if (from !== this.#heard) {
      this.#heard = from;
      this.#last = 0;
    }
    if (n !== this.#last + 1) this.#complain(`a message ${n > this.#last ? "lost" : "doubled"}`);
    this.#last = n;
    if (
      n % LARGE_EVERY === 0 &&
      (bytes?.length !== LARGE_BYTES || !bytes.every((byte) => byte === (n & 255)))
    )
      this.#complain("bytes that are not those that were sent");
    if (n % ACK_EVERY === 0) this.self.send(from, { ack: n, by: this.self.pid });
  }

  #complain(complaint: string): void {
    this.self.cast("auditor", complaint);
  }
}

interface Put {
  readonly by: Pid;
  readonly place: number;
  readonly n: number;
}

interface Entered {
  readonly ledger: Pid;
  /** What had been entered last for the same caller. */
  readonly previous: number;
}

/** Enters numbers, and acknowledges each. */
export class Ledger extends GenServer<Map<number, Put>, Put> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<Map<number, Put>> {
    return ok(new Map());
  }
  override handleCall(put: Put): CallResult {
    const before = this.state.get(put.place);
    this.state.set(put.place, put);
    const previous = before?.by === put.by ? before.n : 0;
    return reply({ ledger: this.self.pid, previous } satisfies Entered);
  }
}

interface Account {
  readonly ledger: Pid;
  readonly acknowledged: number;
}

/** Has numbers entered by the ledgers of all shards, one after the other. */
export class Caller extends GenServer<Map<number, Account>, "entries", never, "tick"> {
  static override readonly module: string = import.meta.url;

  #entries = 0;

  init(_arg: undefined): Ok<Map<number, Account>> {
    this.self.send(this.self.pid, "tick");
    return ok(new Map());
  }
  override handleCall(): CallResult {
    return reply(this.#entries);
  }
  override async handleInfo(): Promise<CastResult> {
    for (const place of this.self.runtime.shards()) await this.#enter(place);
    this.self.sendAfter(TICK_MS, this.self.pid, "tick");
    return noReply();
  }

  async #enter(place: number): Promise<void> {
    const { self } = this;
    const known = this.state.get(place);
    const n = (known?.acknowledged ?? 0) + 1;
    let entered: Entered;
    try {
      const put: Put = { by: self.pid, place: self.runtime.place, n };
      entered = (await self.call(nameOn(place, "ledger"), put, CALL_MS)) as Entered;
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (code !== "ROOKERY_NOPROC" && code !== "ROOKERY_CALL_EXIT")
        this.#complain(`a call failed: ${String(error)}`);
      if (known !== undefined && self.runtime.whereis(nameOn(place, "ledger")) === known.ledger)
        this.#complain(`a call to a living ledger failed: ${String(error)}`);
      return;
    }
    const before = known?.ledger === entered.ledger ? known.acknowledged : 0;
    if (entered.previous !== before)
      this.#complain(`an entry ${entered.previous < before ? "lost" : "doubled"}`);
    this.state.set(place, { ledger: entered.ledger, acknowledged: n });
    this.#entries += 1;
  }

  #complain(complaint: string): void {
    this.self.cast("auditor", complaint);
  }
}

type Fault = "loop" | "regular expression" | "continuation" | "heap" | "exit" | "uncaught error" | "send";

/** Comes to harm. All observers are told of it before. */
export class Victim extends GenServer<unknown[], never, Fault, unknown> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<unknown[]> {
    const { self } = this;
    // The observers are linked with it, and mortal.
    self.trapExit(true);
    for (const place of self.runtime.shards()) self.cast(nameOn(place, "observer"), self.pid);
    return ok([]);
  }

  override handleCast(fault: Fault): CastResult | Promise<CastResult> {
    if (fault === "loop") for (;;);
    if (fault === "send") this.#send();
    if (fault === "regular expression") /^(a+)+$/.test(`${"a".repeat(40)}b`);
    if (fault === "exit") process.exit(1);
    if (fault === "continuation") return this.#continue();
    if (fault === "uncaught error")
      process.nextTick(() => {
        throw new Error("thrown as it was told to");
      });
    if (fault === "heap") {
      this.state.push(Array.from({ length: 20_000 }, (_, index) => ({ index })));
      this.self.cast(this.self.pid, "heap");
    }
    return noReply();
  }

  override handleInfo(): CastResult {
    return noReply();
  }

  /** To the first shard, whose heap is large: one that grows by more at once than V8 grants for the end costs all of them. */
  #send(): void {
    const { self } = this;
    const sink = self.runtime.whereis(nameOn(0, "sink"));
    if (sink !== undefined) for (;;) self.send(sink, { any: "thing" } as never);
  }

  async #continue(): Promise<CastResult> {
    await Promise.resolve();
    for (;;);
  }
}

interface Watched {
  readonly ref: Ref;
  down?: ExitReason;
  exit?: ExitReason;
}

/** What an observer has seen. */
export interface Seen {
  readonly reasons: Record<string, number>;
  /** Of those who live. */
  readonly watched: readonly Pid[];
}

/** Monitors the victims, and is linked with them: each death shall be heard of once by DOWN and once by EXIT. */
export class Observer extends GenServer<Map<Pid, Watched>, "seen", Pid, DownMessage | ExitMessage> {
  static override readonly module: string = import.meta.url;

  readonly #reasons: Record<string, number> = {};

  init(_arg: undefined): Ok<Map<Pid, Watched>> {
    this.self.trapExit(true);
    return ok(new Map());
  }
  override handleCall(): CallResult {
    return reply({ reasons: { ...this.#reasons }, watched: [...this.state.keys()] } satisfies Seen);
  }
  override handleCast(pid: Pid): CastResult {
    this.state.set(pid, { ref: this.self.monitor(pid) });
    this.self.link(pid);
    return noReply();
  }
  override handleInfo(message: DownMessage | ExitMessage): CastResult {
    const about = (message instanceof ExitMessage ? message.pid : message.process) as Pid;
    const kind = message instanceof ExitMessage ? "exit" : "down";
    const watched = this.state.get(about);
    if (watched === undefined || kind in watched) {
      this.#complain(`a second ${kind} for one death, ${String(message.reason)}`);
      return noReply();
    }
    if (kind === "down" && (message as DownMessage).ref !== watched.ref)
      this.#complain("a DOWN of another monitor");
    // An EXIT may be here a moment before the word that ends the pid.
    if (kind === "down" && this.self.isAlive(about)) this.#complain("an end of one that lives");
    if (!ended.has(message.reason)) this.#complain(`the reason ${String(message.reason)}`);
    watched[kind] = message.reason;
    if ("down" in watched && "exit" in watched) {
      this.state.delete(about);
      if (watched.down !== watched.exit && watched.down !== "noproc" && watched.exit !== "noproc")
        this.#complain(`${String(watched.down)} by DOWN, ${String(watched.exit)} by EXIT`);
      const reason = String(watched.down);
      this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1;
    }
    return noReply();
  }

  #complain(complaint: string): void {
    this.self.cast("auditor", complaint);
  }
}

/** Takes whatever comes. */
export class Sink extends GenServer<undefined, never, never, unknown> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<undefined> {
    return ok(undefined);
  }
  override handleInfo(): CastResult {
    return noReply();
  }
}

/** Of what the inspector counts the objects. */
export const counted: readonly string[] = ["pids", "references", "addressees", "peers"];

/** Says what lives on its shard, and what is held in memory there. */
export class Inspector extends GenServer<undefined, string> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<undefined> {
    return ok(undefined);
  }
  override async handleCall(request: string): Promise<CallResult> {
    if (request === "processes") return reply(this.self.runtime.processes());
    // After a full collection. On a busy machine it takes so long that it would count as a stall: so it is in no turn, and holds the
    // thread as a module does that is being loaded.
    const { pulse } = this.self.runtime.shard.scheduler;
    await Promise.resolve();
    pulse.loads();
    try {
      return reply(queryObjects(this.#types()[request]!));
    } finally {
      pulse.loaded();
    }
  }

  #types(): Record<string, Function> {
    const { self } = this;
    const processes = self.pid.process!.constructor;
    const [peer] = self.runtime.shard.interconnect!.peers;
    // Monitors and calls are references, and what stands in for a process of another shard is an addressee, as a process is.
    return {
      pids: Pid,
      references: Ref,
      addressees: Object.getPrototypeOf(processes) as Function,
      peers: peer!.constructor,
    };
  }
}

/** What is on each shard, by name. */
export function placeNames(place: number, shards: number): string[] {
  const others = Array.from({ length: shards }, (_, other) => other).filter((other) => other !== place);
  return [
    "observer",
    "ledger",
    "caller",
    "victim",
    "inspector",
    "sink",
    ...others.map((other) => `pair ${other}`),
  ];
}

/** What runs on each shard. */
export class FaultTree extends ModuleSupervisor<number> {
  static override readonly module: string = import.meta.url;

  override init(shards: number): ReturnType<Supervisor["init"]> {
    const servers = {
      observer: Observer,
      ledger: Ledger,
      caller: Caller,
      victim: Victim,
      inspector: Inspector,
      sink: Sink,
    };
    const children = placeNames(this.self.runtime.place, shards).map((name) => {
      const server = servers[name as keyof typeof servers];
      const start =
        server === undefined
          ? ([PairEnd, Number(name.slice("pair ".length))] as const)
          : ([server, undefined] as const);
      return { id: name, name, nameScope: "shard" as const, start };
    });
    return super.init({ strategy: "one_for_one", intensity: INTENSITY, children } as never);
  }
}
