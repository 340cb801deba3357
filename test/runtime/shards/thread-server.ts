import { GenServer, noReply, ok, type Pid, reply } from "../../../runtime/index.ts";

type Request =
  | "pid"
  | "received"
  | "exit the thread"
  | "fill the heap"
  | { readonly echo: unknown }
  | { readonly whereis: string }
  | { readonly call: Pid; readonly times: number };

interface Cast {
  readonly flood: Pid;
  readonly count: number;
  readonly text: string;
}

/** What came of the messages of one sender. */
interface Received {
  readonly count: number;
  readonly inOrder: boolean;
  /** What it said how many are left. */
  readonly left: number;
}

/** A server on a thread of its own, for what can't be simulated. */
export class ThreadServer extends GenServer<
  Map<Pid, Received>,
  Request,
  Cast,
  readonly [Pid, number, string]
> {
  static override readonly module: string = import.meta.url;

  override init(): ReturnType<GenServer<Map<Pid, Received>>["init"]> {
    return ok(new Map());
  }

  override async handleCall(request: Request): Promise<never> {
    if (request === "pid") return reply(this.self.pid) as never;
    if (request === "received") return reply([...this.state.values()]) as never;
    if (request === "exit the thread") process.exit(1);
    if (request === "fill the heap") {
      let kept: number[][] = [];
      for (let n = 0; ; n += 1) {
        // Until V8 has optimized it: as it does so, it may leave out where the thread can be ended.
        if (n < 100_000) kept = [];
        kept.push(Array(1_000).fill(1.5));
      }
    }
    if ("echo" in request) return reply(request.echo) as never;
    if ("whereis" in request) return reply(this.self.whereis(request.whereis)) as never;
    for (let n = 0; n < request.times; n += 1) await this.self.call(request.call, { echo: n });
    return reply("done") as never;
  }

  /** A part of the flood at a time: who is held has no turn. */
  override handleCast({ flood, count, text }: Cast): ReturnType<NonNullable<GenServer["handleCast"]>> {
    for (let n = 0; n < PART; n += 1) this.self.send(flood, [this.self.pid, count - n, text]);
    if (count > PART) this.self.cast(this.self.pid, { flood, count: count - PART, text });
    return noReply();
  }

  override handleInfo([sender, left]: readonly [Pid, number, string]): ReturnType<
    NonNullable<GenServer["handleInfo"]>
  > {
    const received = this.state.get(sender);
    this.state.set(sender, {
      count: (received?.count ?? 0) + 1,
      inOrder: received === undefined || (received.inOrder && left === received.left - 1),
      left,
    });
    return noReply();
  }
}

const PART = 100;
