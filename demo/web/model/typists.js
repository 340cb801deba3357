const FORGET_AFTER_MS = 4_000;

/** Who is typing: each is forgotten when nothing was heard for a while. */
export class Typists {
  #timers = new Map();
  #changed;

  constructor(changed) {
    this.#changed = changed;
  }

  typed(id) {
    const isNew = !this.#timers.has(id);
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => this.stopped(id), FORGET_AFTER_MS),
    );
    if (isNew) this.#changed([...this.#timers.keys()]);
  }

  stopped(id) {
    if (!this.#timers.has(id)) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#changed([...this.#timers.keys()]);
  }

  clear() {
    for (const id of this.#timers.keys()) this.stopped(id);
  }
}
