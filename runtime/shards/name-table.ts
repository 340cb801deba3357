import { runtimeError } from "../errors.ts";
import { placeOf } from "./shard-setup.ts";

/** Whose a name is. */
export interface NameHolder {
  readonly shard: number;
  /** Of the process, unique on its shard; up to 2^53 - 1. */
  readonly id: number;
}

export interface NameTableOptions {
  /** A power of two. How many lists the names are spread over; room for them is touched only as it is used. Default: 2^18. */
  readonly buckets?: number;
  /** How much memory all names may take. Default: 512 MB, some millions of them. */
  readonly maxBytes?: number;
}

// The memory, in words of 32 bits, which every thread reads and writes with Atomics only:
//
//   header | buckets: the first entry of each list | entry | entry | ...
//   entry:   next, state, hash, length, room, holder's shard, holder's id (low, high), the name: two code units a word
//   state:   version (24 bits) | the place of the shard that writes it (6 bits) | kind (2 bits)
//
//            reserve             written               nobody else has it
//     Free ----------> Writing ----------> Pending ---------------------------> Live
//      ^                  |                   |                                   |
//      +-- purged --------+-- called off -----+----- released, purged ------------+
//
// Nothing is ever locked, because a thread may be ended anywhere, and nobody shall wait for it: a list only grows, at its front,
// and an entry is changed only by who brought it to Writing. Each reservation has a version of its own, so whoever has read an
// entry and finds its state unchanged has read one reservation of it.
const END = 0;
const MASK = 1;
const BUCKETS = 8;

const [NEXT, STATE, HASH, LENGTH, ROOM, SHARD, ID_LOW, ID_HIGH, NAME] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;

const [FREE, WRITING, PENDING, LIVE] = [0, 1, 2, 3] as const;
const KIND = 3;
const WRITER_SHIFT = 2;
const VERSION = 1 << 8;

/** A thread remembers where it found so many names. */
const KNOWN_MAX = 4_096;

/** Where a name was found. It is there still if the entry is in that state: then nobody has reserved it since. */
interface Known {
  readonly entry: number;
  readonly state: number;
  readonly holder: NameHolder;
}

/** Entries have multiples of so many words: one that held a name has room for others of about that length. */
const GRAIN = 8;

/**
 * The registered names of a runtime, in memory that its threads share: whose a name is, found in well under a microsecond, and at
 * most one winner among all who claim it at once. No operation waits for another thread, whatever that is doing or was doing
 * when it died. The memory that a name took serves later names that fall into the same list.
 */
export class NameTable {
  /** Hand it to other threads, for a table of theirs. */
  readonly memory: SharedArrayBuffer;
  readonly #place: number;
  readonly #mask: number;
  /** Covers the memory as it was when this was made. A view that followed its growth would be many times slower. */
  #words: Int32Array;
  readonly #known = new Map<string, Known>();

  /** The table in `memory`, for the thread of `shard`. */
  constructor(memory: SharedArrayBuffer, shard: number) {
    this.memory = memory;
    this.#place = placeOf(shard);
    this.#words = viewOf(memory);
    this.#mask = this.#words[MASK]!;
  }

  /** Memory for an empty table. */
  static memory({ buckets = 2 ** 18, maxBytes = 2 ** 29 }: NameTableOptions = {}): SharedArrayBuffer {
    const start = roundUp(BUCKETS + buckets);
    const memory = new SharedArrayBuffer(4 * start, { maxByteLength: Math.max(maxBytes, 4 * start) });
    const words = viewOf(memory);
    words[END] = start;
    words[MASK] = buckets - 1;
    return memory;
  }

  /** Gives `name` to the process `id` of `shard`, unless somebody has it: that one is answered. */
  claim(name: string, shard: number, id: number): NameHolder | undefined {
    const hash = hashOf(name);
    for (;;) {
      const holder = this.#find(name, hash);
      if (holder !== undefined) return holder;
      const entry = this.#reserve(name, hash);
      const pending = this.#write(entry, name, hash, shard, id);
      // Of two who claim at once, whoever turned Pending later sees the other one, and calls it off or yields to it.
      const rival = this.#rival(entry, pending, name, hash);
      if (rival !== undefined) {
        this.#turn(entry, pending, FREE);
        return rival;
      }
      if (this.#turn(entry, pending, LIVE)) return undefined;
    }
  }

  /** Frees `name` if it belongs to the process `id` of `shard`; answers whether it did. */
  release(name: string, shard: number, id: number): boolean {
    const hash = hashOf(name);
    for (let entry = this.#first(hash); entry !== 0; entry = this.#after(entry)) {
      const state = this.#stateOf(entry, name, hash);
      if ((state & KIND) !== LIVE) continue;
      const holder = this.#holderOf(entry);
      if (holder.shard === shard && holder.id === id && this.#turn(entry, state, FREE)) return true;
    }
    return false;
  }

  /** Whose `name` is. */
  find(name: string): NameHolder | undefined {
    const known = this.#known.get(name);
    return known !== undefined && this.#holds(known) ? known.holder : this.#find(name, hashOf(name));
  }

  /** The names that somebody has, in no order. */
  names(): string[] {
    // A set: a name that moves on meanwhile may be met twice.
    const names = new Set<string>();
    for (const entry of this.#entries()) {
      const state = this.#load(entry + STATE);
      if ((state & KIND) !== LIVE) continue;
      const name = this.#nameOf(entry);
      if (this.#load(entry + STATE) === state) names.add(name);
    }
    return [...names];
  }

  /** Frees all that belongs to `shard`, whose thread has ended, and what that was about to claim. Before another takes its place. */
  purge(shard: number): void {
    for (const entry of this.#entries()) {
      const state = this.#load(entry + STATE);
      const kind = state & KIND;
      const writer = (state & (VERSION - 1)) >>> WRITER_SHIFT;
      const own = kind === LIVE ? this.#load(entry + SHARD) === shard : writer === placeOf(shard);
      if (kind !== FREE && own) this.#turn(entry, state, FREE);
    }
  }

  #find(name: string, hash: number): NameHolder | undefined {
    for (let entry = this.#first(hash); entry !== 0; entry = this.#after(entry)) {
      for (;;) {
        const state = this.#stateOf(entry, name, hash);
        if ((state & KIND) !== LIVE) break;
        const holder = this.#holderOf(entry);
        if (this.#load(entry + STATE) !== state) continue;
        if (this.#known.size >= KNOWN_MAX) this.#known.clear();
        this.#known.set(name, { entry, state, holder });
        return holder;
      }
    }
    return undefined;
  }

  #holds({ entry, state, holder }: Known): boolean {
    if (this.#load(entry + STATE) !== state) return false;
    // Versions begin anew after some millions of them, which is a long time for one look, but not for a name that nobody asked for.
    const { shard, id } = this.#holderOf(entry);
    return shard === holder.shard && id === holder.id;
  }

  /** Who has `name` apart from the pending `own`. Others who are about to have it are called off, unless `own` has been. */
  #rival(own: number, pending: number, name: string, hash: number): NameHolder | undefined {
    for (let entry = this.#first(hash); entry !== 0; entry = this.#after(entry)) {
      if (entry === own) continue;
      for (;;) {
        const state = this.#stateOf(entry, name, hash);
        if (state === FREE || this.#load(own + STATE) !== pending) break;
        if ((state & KIND) === PENDING) {
          if (this.#turn(entry, state, FREE)) break;
          continue;
        }
        const holder = this.#holderOf(entry);
        if (this.#load(entry + STATE) === state) return holder;
      }
    }
    return undefined;
  }

  /** An entry in the list of `hash` with room for `name`, for this thread to write. */
  #reserve(name: string, hash: number): number {
    const room = roundUp(NAME + wordsOf(name)) - NAME;
    for (let entry = this.#first(hash); entry !== 0; entry = this.#after(entry)) {
      const state = this.#load(entry + STATE);
      if ((state & KIND) !== FREE || this.#load(entry + ROOM) < room) continue;
      if (this.#change(entry, state, this.#writing(state))) return entry;
    }
    const entry = this.#allocate(NAME + room, name);
    this.#store(entry + ROOM, room);
    this.#store(entry + STATE, this.#writing(FREE));
    const bucket = BUCKETS + (hash & this.#mask);
    for (;;) {
      const first = this.#load(bucket);
      this.#store(entry + NEXT, first);
      if (Atomics.compareExchange(this.#words, bucket, first, entry) === first) return entry;
    }
  }

  #allocate(size: number, name: string): number {
    for (;;) {
      const entry = this.#load(END);
      const end = entry + size;
      if (end > this.#words.length) this.#grow(end, name);
      else if (Atomics.compareExchange(this.#words, END, entry, end) === entry) return entry;
    }
  }

  #grow(end: number, name: string): void {
    const { memory } = this;
    const { maxByteLength } = memory;
    if (4 * end > maxByteLength) throw runtimeError("ROOKERY_NAMES_FULL", name, maxByteLength);
    try {
      const bytes = Math.max(4 * end, 2 * memory.byteLength);
      if (memory.byteLength < 4 * end) memory.grow(Math.min(bytes, maxByteLength));
    } catch (error) {
      // Another thread may have grown it further meanwhile.
      if (memory.byteLength < 4 * end) throw error;
    }
    this.#words = viewOf(memory);
  }

  /** Writes a reserved entry and makes it pending; answers its state then. */
  #write(entry: number, name: string, hash: number, shard: number, id: number): number {
    this.#store(entry + HASH, hash);
    this.#store(entry + LENGTH, name.length);
    this.#store(entry + SHARD, shard);
    this.#store(entry + ID_LOW, id | 0);
    this.#store(entry + ID_HIGH, Math.floor(id / 2 ** 32));
    for (let at = 0; at < name.length; at += 2) this.#store(entry + NAME + (at >> 1), pairAt(name, at));
    const pending = (this.#load(entry + STATE) & ~KIND) | PENDING;
    this.#store(entry + STATE, pending);
    return pending;
  }

  /** The state in which `entry` is for `name`, pending or live; FREE if it isn't. */
  #stateOf(entry: number, name: string, hash: number): number {
    for (;;) {
      const state = this.#load(entry + STATE);
      if ((state & KIND) < PENDING) return FREE;
      const same = this.#load(entry + HASH) === hash && this.#spells(entry, name);
      if (this.#load(entry + STATE) === state) return same ? state : FREE;
    }
  }

  #spells(entry: number, name: string): boolean {
    const { length } = name;
    if (this.#load(entry + LENGTH) !== length) return false;
    this.#cover(entry + NAME + wordsOf(name));
    const words = this.#words;
    for (let at = 0; at < length; at += 2) {
      if (Atomics.load(words, entry + NAME + (at >> 1)) !== pairAt(name, at)) return false;
    }
    return true;
  }

  #holderOf(entry: number): NameHolder {
    const low = this.#load(entry + ID_LOW) >>> 0;
    return { shard: this.#load(entry + SHARD), id: this.#load(entry + ID_HIGH) * 2 ** 32 + low };
  }

  #nameOf(entry: number): string {
    const length = this.#load(entry + LENGTH);
    this.#cover(entry + NAME + this.#load(entry + ROOM));
    let name = "";
    // Who writes a longer name meanwhile must not lead this past the entry; what is read then is dropped anyhow.
    const words = Math.min((length + 1) >> 1, this.#load(entry + ROOM));
    for (let at = 0; at < words; at += 1) {
      const pair = this.#load(entry + NAME + at);
      name += String.fromCharCode(pair & 0xffff, pair >>> 16);
    }
    return name.slice(0, length);
  }

  *#entries(): Generator<number, void, undefined> {
    for (let bucket = 0; bucket <= this.#mask; bucket += 1) {
      for (let entry = this.#first(bucket); entry !== 0; entry = this.#after(entry)) yield entry;
    }
  }

  #first(hash: number): number {
    return this.#covered(this.#load(BUCKETS + (hash & this.#mask)));
  }

  #after(entry: number): number {
    return this.#covered(this.#load(entry + NEXT));
  }

  #covered(entry: number): number {
    this.#cover(entry + NAME);
    return entry;
  }

  /** Makes the view reach so far: another thread may have grown the memory. */
  #cover(end: number): void {
    if (end > this.#words.length) this.#words = viewOf(this.memory);
  }

  #writing(state: number): number {
    return ((state + VERSION) & -VERSION) | (this.#place << WRITER_SHIFT) | WRITING;
  }

  /** Brings `entry` from `state` to a kind; false if it is in another state by now. */
  #turn(entry: number, state: number, kind: number): boolean {
    return this.#change(entry, state, (state & ~KIND) | kind);
  }

  #change(entry: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, entry + STATE, from, to) === from;
  }

  #load(at: number): number {
    return Atomics.load(this.#words, at);
  }

  #store(at: number, value: number): void {
    Atomics.store(this.#words, at, value);
  }
}

function viewOf(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, 0, memory.byteLength >> 2);
}

function roundUp(words: number): number {
  return Math.ceil(words / GRAIN) * GRAIN;
}

function wordsOf(name: string): number {
  return (name.length + 1) >> 1;
}

function pairAt(name: string, at: number): number {
  // Past the end there is NaN, which counts as 0.
  return name.charCodeAt(at) | (name.charCodeAt(at + 1) << 16);
}

function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}
