import { onProcessExit } from "../exit-hook.ts";
import type { Pid } from "../pid.ts";
import type { Self } from "../self.ts";
import { type Counterparts, meetCounterparts, sharedRole } from "./counterparts.ts";

/** A server that has something of its own on each shard, and shows on each what all of them have. */
export interface Replicated {
  /** All that this shard has itself. */
  own(): unknown;
  /** The server of the shard `origin` is there, with all that it has; nothing of it was known here. */
  came(origin: number, all: unknown): void;
  /** What it has is another thing now. */
  changed(origin: number, change: unknown, body: unknown): void;
  /** It is gone, and all that it had. */
  left(origin: number): void;
}

/** What is said: the server is there and asks who else is, it is there (the answer), something has changed, it ends. */
const [HELLO, WELCOME, CHANGE, BYE] = [0, 1, 2, 3] as const;

type Said = readonly [what: 0 | 1, server: Pid] | readonly [what: 2, change: unknown] | readonly [what: 3];

/**
 * Keeps the servers of one name on all shards up to date with each other: full state when two of them meet, changes from then on,
 * in order. What a shard says stands in one row with all its signals. So whoever gets a message from a process there
 * finds everything here that was so when it was sent, and whoever is told of the death of one finds the traces of it removed.
 */
export class Replicas {
  readonly #self: Self;
  readonly #replicated: Replicated;
  readonly #others: Counterparts;
  readonly #servers = new Map<number, Pid>();

  private constructor(self: Self, role: string, replicated: Replicated) {
    this.#self = self;
    this.#replicated = replicated;
    this.#others = meetCounterparts(self.runtime, role, {
      hear: (said, body, from) => this.#hear(said as Said, body, from),
      lost: (number) => this.#forget(number),
    });
    onProcessExit(self.pid, () => {
      this.#others.tellAll([BYE] satisfies Said, undefined);
      this.#others.close();
    });
    this.#others.tellAll([HELLO, self.pid] satisfies Said, replicated.own());
  }

  /** For `init`. Undefined where there can't be others: on a single shard, and without a name that is each shard's own. */
  static of(self: Self, kind: string, replicated: Replicated): Replicas | undefined {
    const name = sharedRole(self);
    return name === undefined ? undefined : new Replicas(self, `${kind} ${name}`, replicated);
  }

  /** The servers of the other shards, by the number of their shard. */
  get servers(): ReadonlyMap<number, Pid> {
    return this.#servers;
  }

  /** Tells the others of a change. Throws ROOKERY_NOT_COPYABLE, and then nobody has been told. */
  tell(change: unknown, body: unknown): void {
    this.#others.tellAll([CHANGE, change] satisfies Said, body);
  }

  #hear(said: Said, body: unknown, from: number): void {
    switch (said[0]) {
      case HELLO:
        this.#forget(from);
        this.#meet(from, said[1], body);
        this.#others.tell(from, [WELCOME, this.#self.pid] satisfies Said, this.#replicated.own());
        return;
      case WELCOME:
        // Two that begin at once greet each other, and what came first has been kept up to date since.
        if (!this.#servers.has(from)) this.#meet(from, said[1], body);
        return;
      case CHANGE:
        // Before its welcome nothing is known of it that could change.
        if (this.#servers.has(from)) this.#replicated.changed(from, said[1], body);
        return;
      case BYE:
        this.#forget(from);
    }
  }

  #meet(number: number, server: Pid, all: unknown): void {
    this.#servers.set(number, server);
    this.#replicated.came(number, all);
  }

  #forget(number: number): void {
    if (this.#servers.delete(number)) this.#replicated.left(number);
  }
}
