import { type CallResult, type CastResult, GenServer, noReply, ok, type Ok, type Pid, reply } from "rookery";

/** After so many items the source is told that it may send as many again. */
export const CREDIT = 500;

/** Takes what a source on another shard sends, and gives it credit for more. */
export class FarSink extends GenServer<{ taken: number }> {
  static override readonly module: string = import.meta.url;
  #source!: Pid;

  init(source: Pid): Ok<{ taken: number }> {
    this.#source = source;
    return ok({ taken: 0 });
  }

  override handleInfo(): CastResult {
    this.state.taken += 1;
    if (this.state.taken % CREDIT === 0) this.self.send(this.#source, "credit");
    return noReply();
  }
}

/** Answers from another shard. */
export class FarEcho extends GenServer<undefined, unknown> {
  static override readonly module: string = import.meta.url;

  init(): Ok<undefined> {
    return ok(undefined);
  }

  override handleCall(request: unknown): CallResult {
    return reply(request);
  }
}

/** Keeps its core busy for a moment with each call, as an actor that computes. */
export class Cruncher extends GenServer<number, number> {
  static override readonly module: string = import.meta.url;

  init(): Ok<number> {
    return ok(0);
  }

  override handleCall(rounds: number): CallResult {
    let hash = this.state;
    for (let round = 0; round < rounds; round += 1)
      hash = (Math.imul(hash ^ round, 0x01000193) ^ (hash >>> 13)) | 0;
    this.state = hash;
    return reply(hash);
  }
}

/** So much a server computes for each call. */
const ROUNDS = 20_000;

/** Calls servers, each so many times, and has one call to each under way. */
export class CrunchClient extends GenServer<
  undefined,
  { readonly servers: readonly Pid[]; readonly calls: number }
> {
  static override readonly module: string = import.meta.url;

  init(): Ok<undefined> {
    return ok(undefined);
  }

  override async handleCall({
    servers,
    calls,
  }: {
    readonly servers: readonly Pid[];
    readonly calls: number;
  }): Promise<CallResult> {
    await Promise.all(
      servers.map(async (server) => {
        for (let left = calls; left > 0; left -= 1) await this.self.call(server, ROUNDS);
      }),
    );
    return reply(undefined);
  }
}
