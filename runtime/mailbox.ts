const EMPTY: unknown[] = [];
const SLOTS_MIN = 8;
/** The mask of a mailbox without a ring. */
const NO_RING = -1;

/** What kind of message stands in a slot: nothing for an ordinary one, else a mark or the caller of a call. */
export type MessageTag = unknown;

/**
 * The messages of one process, oldest first. One message at a time, which is all that most processes ever have, needs no
 * ring; the second makes one, which grows from then on.
 *
 * ```text
 *               #head        #saved            #head + length
 *                 v             v                    v
 *   #ring  [  -  | t m | t m | t m | t m | t m | t m |  -  |  -  ]
 * ```
 *
 * A slot is two entries, the tag and the message, so that a cast or a call needs no envelope of its own. `#ring` has a
 * power of two of slots: `& #mask` makes a place in it of `#head`, which only ever grows while the ring keeps its size.
 * Messages before `#saved` were already refused by the waiting receive, so its next scan starts there and a long
 * mailbox is read once. `#base + #head` is how many messages have been taken: so a mark can say where one began.
 */
export class Mailbox {
  length = 0;
  #mask = NO_RING;
  #head = 0;
  /** The slots before it are clear, those from here to the head may not be. */
  #swept = 0;
  /** The message of a mailbox without a ring. */
  #onlyTag: MessageTag = undefined;
  #only: unknown = undefined;
  #ring: unknown[] = EMPTY;
  #base = 0;
  #saved = 0;

  push(tag: MessageTag, message: unknown): void {
    // One slot stays free: that of the message which was taken last.
    if (this.length >= this.#mask) {
      if (this.#mask === NO_RING && this.length === 0 && this.#swept === this.#head) {
        this.#onlyTag = tag;
        this.#only = message;
        this.length = 1;
        return;
      }
      this.#grow();
    }
    const at = ((this.#head + this.length) & this.#mask) << 1;
    this.#ring[at] = tag;
    this.#ring[at + 1] = message;
    this.length += 1;
  }

  /** The tag of the oldest message. Read it before `shift`. */
  headTag(): MessageTag {
    return this.#mask === NO_RING ? this.#onlyTag : this.#ring[(this.#head & this.#mask) << 1];
  }

  /** Gives the oldest message another tag; the mailbox must not be empty. */
  retagHead(tag: MessageTag): void {
    if (this.#mask === NO_RING) this.#onlyTag = tag;
    else this.#ring[(this.#head & this.#mask) << 1] = tag;
  }

  /** Takes the oldest message; the mailbox must not be empty. Until `sweep`, at the end of the turn, its slot keeps it. */
  shift(): unknown {
    const at = (this.#head & this.#mask) << 1;
    this.#head += 1;
    this.length -= 1;
    return this.#mask === NO_RING ? this.#only : this.#ring[at + 1];
  }

  /** The message that `shift` took last, until `sweep`. */
  get lastTaken(): { readonly tag: MessageTag; readonly message: unknown } | undefined {
    if (this.#swept === this.#head) return undefined;
    return { tag: this.tagAt(-1), message: this.messageAt(-1) };
  }

  /** Clears the slots of the messages that were taken, so that the collector can take them while the ring lives on. */
  sweep(): void {
    if (this.#swept === this.#head) return;
    if (this.#mask === NO_RING) this.#dropOnly();
    else this.#sweepRing();
    this.#swept = this.#head;
  }

  #dropOnly(): void {
    this.#onlyTag = undefined;
    this.#only = undefined;
  }

  #sweepRing(): void {
    const ring = this.#ring;
    const mask = this.#mask;
    const head = this.#head;
    // What newer messages have taken the place of is theirs.
    for (let slot = Math.max(this.#swept, head + this.length - mask - 1); slot < head; slot += 1) {
      const at = (slot & mask) << 1;
      ring[at] = undefined;
      ring[at + 1] = undefined;
    }
  }

  tagAt(index: number): MessageTag {
    if (this.#mask === NO_RING) return this.#onlyTag;
    return this.#ring[((this.#head + index) & this.#mask) << 1];
  }

  messageAt(index: number): unknown {
    if (this.#mask === NO_RING) return this.#only;
    return this.#ring[(((this.#head + index) & this.#mask) << 1) + 1];
  }

  /** Where the waiting receive goes on to scan. */
  get saved(): number {
    return this.#saved;
  }

  set saved(index: number) {
    this.#saved = index;
  }

  /**
   * The index of the first message from `start` on that `match` accepts, as `read` makes it of a tag and a message; -1 if there is
   * none. A match that throws does not match, as a guard that fails.
   */
  findFrom(
    start: number,
    match: (message: unknown) => boolean,
    read: (tag: MessageTag, message: unknown) => unknown,
  ): number {
    const { length } = this;
    if (start >= length) return -1;
    if (this.#mask === NO_RING) this.#grow();
    const ring = this.#ring;
    const mask = this.#mask;
    const head = this.#head;
    let index = start;
    for (;;) {
      try {
        while (index < length) {
          // A stretch without the end of the ring in it: there no place needs the mask.
          let at = ((head + index) & mask) << 1;
          const end = Math.min(at + ((length - index) << 1), (mask + 1) << 1);
          for (; at < end; at += 2) {
            const tag = ring[at];
            const message = ring[at + 1];
            if (match(tag === undefined ? message : read(tag, message))) return index;
            index += 1;
          }
        }
        return -1;
      } catch {
        index += 1;
      }
    }
  }

  /** Takes the message at `index` out of the middle: the shorter side closes the gap. */
  removeAt(index: number): void {
    if (this.#mask === NO_RING) {
      this.#dropOnly();
      this.#base += 1;
      this.length = 0;
      return;
    }
    const last = this.length - 1;
    if (index < last - index) {
      for (let i = index; i > 0; i -= 1) this.#move(i - 1, i);
      this.#clear(0);
      if (this.#swept === this.#head) this.#swept += 1;
      this.#head += 1;
    } else {
      for (let i = index; i < last; i += 1) this.#move(i + 1, i);
      this.#clear(last);
      this.#base += 1;
    }
    this.length = last;
  }

  /** Drops all messages, and the ring. */
  clear(): void {
    this.#base += this.#head + this.length;
    this.#dropOnly();
    this.#ring = EMPTY;
    this.#mask = NO_RING;
    this.#head = 0;
    this.#swept = 0;
    this.#saved = 0;
    this.length = 0;
  }

  /** How many messages it has room for without growing. */
  get slots(): number {
    return Math.max(0, this.#mask);
  }

  /** The place behind the newest message, for `indexOf`. Stays true whatever is taken meanwhile. */
  mark(): number {
    return this.#base + this.#head + this.length;
  }

  /** Where the first message after `mark` stands, or somewhat before it. */
  indexOf(mark: number): number {
    return Math.max(0, mark - this.#base - this.#head);
  }

  #move(from: number, to: number): void {
    const source = ((this.#head + from) & this.#mask) << 1;
    const target = ((this.#head + to) & this.#mask) << 1;
    this.#ring[target] = this.#ring[source];
    this.#ring[target + 1] = this.#ring[source + 1];
  }

  #clear(index: number): void {
    const at = ((this.#head + index) & this.#mask) << 1;
    this.#ring[at] = undefined;
    this.#ring[at + 1] = undefined;
  }

  /**
   * Doubles the slots. The free one comes first. A ring that starts with it only gets a longer end: the array grows as it is
   * appended to.
   */
  #grow(): void {
    const slots = this.#mask + 1;
    const start = (this.#head - 1) & this.#mask;
    if (slots === 0) {
      const only = [this.#onlyTag, this.#only];
      this.#ring = this.length === 0 ? only : [undefined, undefined, ...only];
      this.#dropOnly();
    } else if (start !== 0) {
      this.#ring = this.#unwound(start * 2);
    }
    this.#base += this.#head - 1;
    this.#swept = this.#swept === this.#head ? 1 : 0;
    this.#head = 1;
    this.#mask = Math.max(SLOTS_MIN, slots * 2) - 1;
  }

  #unwound(start: number): unknown[] {
    return this.#ring.slice(start).concat(this.#ring.slice(0, start));
  }
}
