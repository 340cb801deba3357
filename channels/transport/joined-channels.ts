import type { Pid, Ref } from "../../runtime/index.ts";
import type { MessageRef } from "../message.ts";

/** A channel of one connection. */
export interface JoinedChannel {
  readonly topic: string;
  readonly pid: Pid;
  readonly monitor: Ref;
  /** As in the frame of the join. */
  readonly joinRef: MessageRef;
}

/** The channels of one connection by their topics. Mostly there is one, and a map of one would take more than a process does besides. */
export class JoinedChannels implements Iterable<JoinedChannel> {
  #only: JoinedChannel | undefined = undefined;
  #more: Map<string, JoinedChannel> | undefined = undefined;

  get size(): number {
    return this.#more?.size ?? (this.#only === undefined ? 0 : 1);
  }

  get(topic: string): JoinedChannel | undefined {
    if (this.#more !== undefined) return this.#more.get(topic);
    return this.#only?.topic === topic ? this.#only : undefined;
  }

  add(channel: JoinedChannel): void {
    if (this.size === 0) {
      this.#only = channel;
      this.#more = undefined;
      return;
    }
    this.#more ??= new Map([[this.#only!.topic, this.#only!]]);
    this.#more.set(channel.topic, channel);
  }

  remove(topic: string): void {
    if (this.#more !== undefined) this.#more.delete(topic);
    else if (this.#only?.topic === topic) this.#only = undefined;
  }

  [Symbol.iterator](): Iterator<JoinedChannel> {
    const all = this.#more?.values() ?? (this.#only === undefined ? [] : [this.#only]);
    return all[Symbol.iterator]();
  }
}
