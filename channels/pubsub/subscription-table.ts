import type { Pid } from "../../runtime/index.ts";
import { exitHookOf, type ExitHook, type ExitObserver, onProcessExit } from "../../runtime/internal.ts";
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
 * What a process has subscribed to. It is kept with the process itself, as its exit hook: a map of all subscribers took a fiftieth of what a
 * connection costs.
 */
class Subscriber implements ExitObserver {
  readonly table: SubscriptionTable;
  /** By topic, the newest row there; the others hang on it. Most processes have one topic, and need no map of it. */
  rows: Row | Map<string, Row> | undefined = undefined;

  constructor(table: SubscriptionTable) {
    this.table = table;
  }

  exited(): void {
    this.table.forget(this);
  }

  newest(topicName: string): Row | undefined {
    if (this.rows instanceof Map) return this.rows.get(topicName);
    return this.rows?.topic.name === topicName ? this.rows : undefined;
  }

  /** `row` is the newest of its topic. */
  add(row: Row): void {
    const { rows } = this;
    if (rows instanceof Map) rows.set(row.topic.name, row);
    else if (rows === undefined || rows.topic === row.topic) this.rows = row;
    else this.rows = new Map([rows, row].map((one) => [one.topic.name, one]));
  }

  remove(topicName: string): void {
    if (this.rows instanceof Map) this.rows.delete(topicName);
    else this.rows = undefined;
  }
}

/**
 * Who has subscribed to what on this shard. A row goes when its process exits, before anybody is told of the exit.
 *
 * ```text
 *   topics       "room:1" -> rows [ r0 | r1 | r2 | r3 ]        dense: a broadcast is one lookup and a loop
 *                                    ^         ^
 *   <0.7>'s      "room:1" -> r2 -next-> r0                     r2.index = 2: removing moves r3 there
 *   Subscriber   "room:2" -> ...
 * ```
 *
 * Adding and removing cost the same however many rows the topic has, and however many topics the process.
 */
export class SubscriptionTable {
  readonly #topics = new Map<string, Topic>();

  /** `pid` lives on this shard. */
  add(pid: Pid, topicName: string, metadata: unknown): void {
    let topic = this.#topics.get(topicName);
    if (topic === undefined) this.#topics.set(topicName, (topic = new Topic(topicName)));
    const known = exitHookOf(pid, this.#isOwn);
    const subscriber = known ?? new Subscriber(this);
    const rows = topic.writable();
    const row = new Row(pid, metadata, topic, rows.length, subscriber.newest(topicName));
    rows.push(row);
    subscriber.add(row);
    // Last: of a process that is dead already, the hook runs at once and must find what to remove.
    if (known === undefined) onProcessExit(pid, subscriber);
  }

  /** Removes all rows of a process in a topic. */
  remove(pid: Pid, topicName: string): void {
    // The process stays known without rows, until it exits: its hook need not come and go with them.
    const subscriber = exitHookOf(pid, this.#isOwn);
    const row = subscriber?.newest(topicName);
    if (row === undefined) return;
    subscriber!.remove(topicName);
    this.#removeRows(row);
  }

  forget({ rows }: Subscriber): void {
    if (rows instanceof Map) for (const row of rows.values()) this.#removeRows(row);
    else if (rows !== undefined) this.#removeRows(rows);
  }

  readonly #isOwn = (hook: ExitHook): hook is Subscriber => hook instanceof Subscriber && hook.table === this;

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
