/** A tuple of Erlang, `{ok, 1}`: arrays are its lists. */
export class Tuple {
  readonly elements: readonly unknown[];

  constructor(elements: readonly unknown[]) {
    this.elements = elements;
  }
}

/** `tuple(Symbol.for("ok"), 1)` is `{ok, 1}`. */
export function tuple(...elements: readonly unknown[]): Tuple {
  return new Tuple(elements);
}
