import type { Pid } from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import type { Dispatcher, Sender, Subscription } from "./dispatcher.ts";

class Row implements Subscription {
  readonly pid: Pid;
  readonly metadata: unknown;
  readonly topic: Topic;
  /** Where it stands in `topic.rows`. */
  index: number;
  /** The same process's next row of the same topic. */
  readonly next: Row | undefined;

  constructor(pid: Pid, metadata: unknown, topic: Topic, index: number, next: Row | undefined) {
    this.pid = pid;
    this.metadata = metadata;
    this.topic = topic;
    this.index = index;
    this.next = next;
  }
}

class Topic {
  readonly name: string;
  rows: Row[] = [];
  /** How many dispatches are reading `rows` right now: then it is replaced instead of changed. */
  readers = 0;

  constructor(name: string) {
    this.name = name;
  }

  writable(): Row[] {
    if (this.readers > 0) {
      this.rows = this.rows.slice();
      this.readers = 0;
    }
    return this.rows;
  }
}

/**
 * Who has subscribed to what on this shard. A row goes when its process exits, before anybody is told of the exit.
 *
 * ```text
 *   topics       "room:1" -> rows [ r0 | r1 | r2 | r3 ]        dense: a broadcast is one lookup and a loop
 *                                    ^         ^
 *   subscribers  <0.7> -> "room:1" -> r2 -next-> r0            r2.index = 2: removing moves r3 there
 *                         "room:2" -> ...
 * ```
 *
 * Adding and removing cost the same however many rows the topic has, and however many topics the process.
 */
export class SubscriptionTable {
  readonly #topics = new Map<string, Topic>();
  /** Of each process, by topic, its newest row there; the others hang on it. Most processes have one topic, and need no map of it. */
  readonly #subscribers = new Map<Pid, Row | Map<string, Row>>();

  add(pid: Pid, topicName: string, metadata: unknown): void {
    let topic = this.#topics.get(topicName);
    if (topic === undefined) this.#topics.set(topicName, (topic = new Topic(topicName)));
    const own = this.#subscribers.get(pid);
    const rows = topic.writable();
    const row = new Row(pid, metadata, topic, rows.length, newestOf(own, topicName));
    rows.push(row);
    if (own instanceof Map) {
      own.set(topicName, row);
    } else if (own !== undefined && own.topic !== topic) {
      this.#subscribers.set(pid, new Map([own, row].map((one) => [one.topic.name, one])));
    } else {
      this.#subscribers.set(pid, row);
    }
    if (own === undefined) {
      // Last: of a process that is dead already, the hook runs at once and must find what to remove.
      onProcessExit(pid, this.#forget);
    }
  }

  /** Removes all rows of a process in a topic. */
  remove(pid: Pid, topicName: string): void {
    // The process stays known without rows, until it exits: its hook need not come and go with them.
    const own = this.#subscribers.get(pid);
    const row = newestOf(own, topicName);
    if (row === undefined) return;
    if (own instanceof Map) own.delete(topicName);
    else this.#subscribers.set(pid, new Map());
    this.#removeRows(row);
  }

  readonly #forget = (_reason: unknown, pid: Pid): void => {
    const own = this.#subscribers.get(pid);
    this.#subscribers.delete(pid);
    if (own instanceof Map) for (const row of own.values()) this.#removeRows(row);
    else if (own !== undefined) this.#removeRows(own);
  };

  #removeRows(first: Row): void {
    const { topic } = first;
    const rows = topic.writable();
    for (let row: Row | undefined = first; row !== undefined; row = row.next) {
      const last = rows.pop() as Row;
      if (last === row) continue;
      rows[row.index] = last;
      last.index = row.index;
    }
    if (rows.length === 0) this.#topics.delete(topic.name);
  }

  dispatch(
    topicName: string,
    from: Pid | undefined,
    message: unknown,
    dispatcher: Dispatcher,
    sender: Sender,
  ): void {
    const topic = this.#topics.get(topicName);
    if (topic === undefined) return;
    const { rows } = topic;
    topic.readers += 1;
    try {
      dispatcher.dispatch(rows, from, message, sender);
    } finally {
      if (topic.rows === rows) topic.readers -= 1;
    }
  }

  /** Each topic and how many rows it has. */
  *topics(): Iterable<readonly [topic: string, rows: number]> {
    for (const { name, rows } of this.#topics.values()) yield [name, rows.length];
  }

  /** The rows of a topic, as they are now. */
  rows(topicName: string): Subscription[] {
    return this.#topics.get(topicName)?.rows.slice() ?? [];
  }
}

function newestOf(own: Row | Map<string, Row> | undefined, topicName: string): Row | undefined {
  if (own instanceof Map) return own.get(topicName);
  return own?.topic.name === topicName ? own : undefined;
}
