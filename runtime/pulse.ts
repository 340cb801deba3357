/** The turn that runs: an odd number that each turn has for itself, or 0 between turns. */
const TURN = 0;
/** A turn of which the watchdog has found that it takes long. */
const MARKED = 1;
/** A turn that the watchdog is about to terminate. */
const CONDEMNED = 2;
/** Not 0 while the shard must not be terminated. */
const SHUT = 3;
/** How often the shard's event loop has answered. */
const BEATS = 4;
/** How many modules the shard is loading. */
const LOADING = 5;
/** Not 0 while a debugger may hold the shard. */
const DEBUGGED = 6;
const BYTES = 64;

/**
 * What a shard and the watchdog tell each other, in memory that both see.
 *
 * The shard's side is plain reads and writes: atomic ones cost more than the rest of a short turn. A write of one side may
 * therefore be late on the other by the time that a processor keeps it for itself, which is far less than a microsecond. The watchdog
 * makes up for it: it says that it condemns a turn, lets a millisecond pass, and then looks whether the turn still runs. From then
 * on the shard can't leave the turn, nor enter code that must not be cut in two: it finds itself condemned there and stands
 * still until it is terminated.
 */
export class Pulse {
  /** Hand it to other threads, for a view of theirs. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  #turn = 1;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Shard: a turn begins. */
  begin(): void {
    this.#turn = (this.#turn + 2) | 0;
    this.#words[TURN] = this.#turn;
  }

  /** Shard: the turn is over. True if the watchdog has marked it: `standStill` then. */
  end(): boolean {
    this.#words[TURN] = 0;
    return this.#words[MARKED] === this.#turn;
  }

  /** Shard: does not return while the watchdog terminates this turn. It may think better of it, then this returns. */
  standStill(): void {
    this.#words[MARKED] = 0;
    this.#standCondemned();
  }

  #standCondemned(): void {
    while (Atomics.load(this.#words, CONDEMNED) === this.#turn)
      Atomics.wait(this.#words, CONDEMNED, this.#turn);
  }

  /** Shard: from here on it must not be terminated, until `open` gets what this answers. For what is short. */
  shut(): number {
    const before = this.#words[SHUT]!;
    this.#words[SHUT] = 1;
    if (before === 0 && this.#words[MARKED] === this.#turn) {
      this.open(before);
      // It stays marked: at its end it is to be warned of.
      this.#standCondemned();
      this.#words[SHUT] = 1;
    }
    return before;
  }

  open(before: number): void {
    this.#words[SHUT] = before;
  }

  /** Shard: its event loop goes round. */
  beat(): void {
    Atomics.add(this.#words, BEATS, 1);
  }

  /** Shard: it begins to load a module, which may hold the thread for as long as it takes. Then `loaded`. */
  loads(): void {
    Atomics.add(this.#words, LOADING, 1);
  }

  loaded(): void {
    Atomics.sub(this.#words, LOADING, 1);
  }

  get isLoading(): boolean {
    return Atomics.load(this.#words, LOADING) > 0;
  }

  /** Shard: whether a debugger may hold it. */
  debugged(isDebugged: boolean): void {
    Atomics.store(this.#words, DEBUGGED, isDebugged ? 1 : 0);
  }

  get isDebugged(): boolean {
    return Atomics.load(this.#words, DEBUGGED) !== 0;
  }

  /** Watchdog: the turn that runs; 0 if none does. */
  get turn(): number {
    return Atomics.load(this.#words, TURN);
  }

  get beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  get isShut(): boolean {
    return Atomics.load(this.#words, SHUT) !== 0;
  }

  mark(turn: number): void {
    Atomics.store(this.#words, MARKED, turn);
  }

  /** Watchdog: to be followed by a millisecond's wait, a look at `turn`, and `pardon`. */
  condemn(turn: number): void {
    Atomics.store(this.#words, CONDEMNED, turn);
    this.mark(turn);
  }

  /** Watchdog: the turn was terminated, or has ended by itself. */
  pardon(): void {
    Atomics.store(this.#words, CONDEMNED, 0);
    Atomics.notify(this.#words, CONDEMNED);
  }
}
