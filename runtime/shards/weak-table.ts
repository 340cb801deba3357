/** Objects by key, for as long as anybody else has them. */
export class WeakTable<Value extends object, Key = number> {
  readonly #refs = new Map<Key, WeakRef<Value>>();
  readonly #collected = new FinalizationRegistry<Key>((key) => {
    // A successor may have taken the place meanwhile.
    if (this.#refs.get(key)?.deref() === undefined) this.#refs.delete(key);
  });

  get size(): number {
    return this.#refs.size;
  }

  get(key: Key): Value | undefined {
    return this.#refs.get(key)?.deref();
  }

  set(key: Key, value: Value): void {
    this.#refs.set(key, new WeakRef(value));
    this.#collected.register(value, key);
  }

  /** Those that are still there. */
  values(): Value[] {
    return [...this.#refs.values()].flatMap((ref) => ref.deref() ?? []);
  }
}
