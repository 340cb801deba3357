import { openSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import {
  type CallResult,
  type CastResult,
  GenServer,
  nameOn,
  noReply,
  ok,
  type Ok,
  reply,
} from "../../runtime/index.ts";

const SLOW_NUMBER = "1.2345678901234567e-300,";
/** A twentieth of a second to read, on an ordinary machine. */
const NUMBERS_LENGTH = 1_000_000;
/** Where a pulse says which turn is about to be terminated. */
const CONDEMNED = 2;

function spin(): never {
  for (;;);
}

/** What a server on any shard is asked to do, by name. */
const stalls: Record<string, (server: StallingServer, path: string) => unknown> = {
  "a loop": spin,
  "a regular expression": () => /^(a+)+$/.test(`${"a".repeat(40)}b`),
  "arrays of one length": () => {
    for (;;) Array(1_000).fill(0);
  },
  // It goes on until it is to be terminated, however fast or slow the machine is.
  "JSON.parse": ({ self }) => {
    const pulse = new Int32Array(self.runtime.shard.scheduler.pulse.memory);
    const text = `[${SLOW_NUMBER.repeat(NUMBERS_LENGTH)}1]`;
    do JSON.parse(text);
    while (Atomics.load(pulse, CONDEMNED) === 0);
    // A turn that ends in the millisecond after it was condemned is pardoned.
    JSON.parse(text);
  },
  // A pipe that nobody writes to.
  "native code": (_, path) => void openSync(path, "r"),
  "sends to another shard": ({ self }) => {
    const far = self.runtime.whereis(nameOn(0, "neighbour"))!;
    for (;;) self.cast(far, "flood");
  },
  // The first such message: its keys are described in it, and the others shall refer to that.
  "a message that is never encoded": ({ self }) =>
    self.send(
      nameOn(0, "neighbour") as never,
      {
        n: -1,
        rest: {
          get endless() {
            return spin();
          },
        },
      } as never,
    ),
  numbers: ({ self }) => {
    const far = nameOn(0, "neighbour") as never;
    for (let n = 0; n < 100; n += 1) self.send(far, { n, rest: { [`key ${n % 10}`]: n } } as never);
  },
  "a promise continuation": async () => {
    await Promise.resolve();
    spin();
  },
};

/** Stalls as it is told to. */
export class StallingServer extends GenServer<string, string, string, string> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<string> {
    return ok("started");
  }
  override async handleCall(what: string): Promise<CallResult> {
    await this.#do(what);
    return reply(this.state);
  }
  override handleCast(what: string): CastResult | Promise<CastResult> {
    return this.#do(what) ?? noReply();
  }
  override handleInfo(what: string): CastResult | Promise<CastResult> {
    return this.#do(what) ?? noReply();
  }
  #do(what: string): Promise<CastResult> | undefined {
    const [name, path] = what.split(" on ") as [string, string];
    return stalls[name]?.(this, path) as Promise<CastResult> | undefined;
  }
}

export interface Heard {
  readonly messages: readonly number[];
  readonly ticks: number;
}

/** Lives on the same shard as one that stalls: hears numbers and its own timer, and echoes what comes through its socket. */
export class Neighbour extends GenServer<
  number[],
  "heard" | "port",
  unknown,
  "tick" | number | { n: number }
> {
  static override readonly module: string = import.meta.url;

  #ticks = 0;
  readonly #listener: Server = createServer((socket) => socket.pipe(socket));

  init(_arg: undefined): Ok<number[]> {
    this.self.sendInterval(1, this.self.pid, "tick");
    this.self.signal.addEventListener("abort", () => this.#listener.close());
    this.#listener.listen(0, "127.0.0.1");
    return ok([]);
  }
  override handleCall(request: "heard" | "port"): CallResult {
    if (request === "heard") return reply({ messages: [...this.state], ticks: this.#ticks } satisfies Heard);
    return reply((this.#listener.address() as { readonly port: number }).port);
  }
  override handleCast(): CastResult {
    return noReply();
  }
  override handleInfo(message: "tick" | number | { n: number }): CastResult {
    if (message === "tick") this.#ticks += 1;
    else this.state.push(typeof message === "number" ? message : message.n);
    return noReply();
  }
}

/** Leaves behind what throws when its shard has ended, and makes this file just before. */
export class LateError extends GenServer<string> {
  static override readonly module: string = import.meta.url;

  init(file: string): Ok<string> {
    const { runtime, signal } = this.self;
    signal.addEventListener("abort", () => {
      const thrown = (): void => {
        writeFileSync(file, "");
        throw new Error("thrown when the shard had ended");
      };
      // Behind the end of the shard, which waits for no timer.
      void runtime.shutdown().then(() => runtime.clock.setTimer(50, thrown));
    });
    return ok(file);
  }
}
