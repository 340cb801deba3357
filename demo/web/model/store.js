/** A value that can be watched. Listeners are told in the order in which they subscribed. */
export class Store {
  #value;
  #listeners = new Set();

  constructor(value) {
    this.#value = value;
  }

  get value() {
    return this.#value;
  }

  set(value) {
    this.#value = value;
    for (const listener of this.#listeners) listener(value);
  }

  update(changes) {
    this.set({ ...this.#value, ...changes });
  }

  /** Calls `listener` now and after every change, until the function it returns is called. */
  subscribe(listener) {
    this.#listeners.add(listener);
    listener(this.#value);
    return () => this.#listeners.delete(listener);
  }
}
