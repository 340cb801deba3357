import type { Pid, Ref } from "../../../runtime/index.ts";
import { ByteRing } from "../../../runtime/shards/byte-ring.ts";
import { Inbox } from "../../../runtime/shards/inbox.ts";
import { Outbox } from "../../../runtime/shards/outbox.ts";
import { SignalKind } from "../../../runtime/shards/signal-kind.ts";
import type { TermHome } from "../../../runtime/shards/term-types.ts";

/** Two ends of a line; pids and references stay what they are. */
export class TermWire {
  readonly #binaries: ArrayBuffer[] = [];
  #added: ArrayBuffer[] = [];
  readonly #pids = new Map<string, Pid>();
  readonly #refs = new Map<number, Ref>();
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;

  constructor(ringBytes = 1_024) {
    const home: TermHome = {
      pidOf: (shard, id) => this.#pids.get(`${shard}.${id}`)!,
      refOf: (_, id) => this.#refs.get(id)!,
      exportPid: (pid) => void this.#pids.set(`${pid.shard}.${pid.id}`, pid),
      exportRef: (ref) => (this.#refs.set(ref.id, ref), 0),
      handInBinary: (bytes) => this.#added.push(bytes),
      takeBinary: () => this.#binaries.shift()!,
    };
    const ring = new ByteRing(ringBytes);
    this.#outbox = new Outbox(home, ring);
    this.#inbox = new Inbox(home, ring);
  }

  add(value: unknown): void {
    this.#added = [];
    this.#outbox.add([value]);
    this.#binaries.push(...this.#added);
  }

  /** The same as a message to a process. */
  send(message: unknown): void {
    this.#added = [];
    this.#outbox.addMessage(SignalKind.Message, 1, undefined, message);
    this.#binaries.push(...this.#added);
  }

  /** All that was added or sent, and not taken yet. */
  take(): unknown[] {
    const taken: unknown[] = [];
    while (this.#outbox.flush() || this.#outbox.waiting > 0) taken.push(...this.#next());
    taken.push(...this.#next());
    return taken;
  }

  carried(value: unknown): unknown {
    this.add(value);
    return this.take()[0];
  }

  #next(): unknown[] {
    const taken: unknown[] = [];
    for (let count = this.#inbox.next(); count > 0; count = this.#inbox.next()) {
      const values = this.#inbox.values.slice(0, count);
      for (let at = 0; at < count; at += 1) {
        if (typeof values[at] === "number") taken.push(values[(at += 2)]);
        else taken.push((values[at] as readonly unknown[])[0]);
      }
    }
    return taken;
  }
}
