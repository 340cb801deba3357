import { ExitError, nameOn, type Self } from "../../runtime/index.ts";
import { placeOf } from "../../runtime/internal.ts";
import { shardOfPidText } from "./known-pids.ts";
import { Observer, type ObserverCall, type ObserverCalls } from "./observer.ts";

/** A shard that does not answer for so long is left out. */
const ANSWER_MS = 3_000;

/** What the shards have answered, in their order, and the places of those that have not. */
export interface Answers<Answer> {
  readonly answers: readonly Answer[];
  readonly silent: readonly number[];
}

/** The name of the observer that belongs to an endpoint, on each shard where that runs. */
export function observerName(endpoint: string): string {
  return `${endpoint}.observer`;
}

/** Asks the observers of the shards. On a shard without the endpoint, one is started when it is needed, and stays. */
export class Observers {
  readonly self: Self;
  readonly #name: string;

  constructor(self: Self, name: string) {
    this.self = self;
    this.#name = name;
  }

  /** Asks all shards at once. */
  async all<Call extends ObserverCall>(
    call: Call,
    asked: ObserverCalls[Call]["asked"],
  ): Promise<Answers<ObserverCalls[Call]["answer"]>> {
    const places = this.self.runtime.shards();
    const settled = await Promise.allSettled(places.map((place) => this.at(place, call, asked)));
    return {
      answers: settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])),
      silent: places.filter((_place, index) => settled[index]!.status === "rejected"),
    };
  }

  /** Asks the shard of a process; undefined if there is no such shard, or it does not answer. */
  async near<Call extends ObserverCall>(
    pid: string,
    call: Call,
    asked: ObserverCalls[Call]["asked"],
  ): Promise<ObserverCalls[Call]["answer"] | undefined> {
    const shard = shardOfPidText(pid);
    const place = shard === undefined ? undefined : placeOf(shard);
    if (place === undefined || !this.self.runtime.shards().includes(place)) return undefined;
    return this.at(place, call, asked).catch(() => undefined);
  }

  async at<Call extends ObserverCall>(
    place: number,
    call: Call,
    asked: ObserverCalls[Call]["asked"],
  ): Promise<ObserverCalls[Call]["answer"]> {
    try {
      return await this.#ask(this.#name, place, call, asked);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    // Never under the name of the endpoint's own, which its supervisor may be starting right now.
    const guest = `${this.#name}.guest`;
    try {
      return await this.#ask(guest, place, call, asked);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    const start = { name: guest, nameScope: "shard", on: { shard: place } } as const;
    // Another page may have been faster.
    await this.self.start(Observer, undefined, start).catch(() => undefined);
    return this.#ask(guest, place, call, asked);
  }

  #ask<Call extends ObserverCall>(
    name: string,
    place: number,
    call: Call,
    asked: ObserverCalls[Call]["asked"],
  ): Promise<ObserverCalls[Call]["answer"]> {
    return this.self.call(nameOn(place, name), [call, asked], ANSWER_MS) as Promise<never>;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof ExitError && error.code === "ROOKERY_NOPROC";
}
