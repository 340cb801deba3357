import { inspect } from "node:util";

let lastId = 0;

/** A unique reference: compared with `===`, printed as `#Ref<7>`. Monitors, timers, aliases and calls are references. */
export class Ref {
  /** Tells a reference from whatever else has an id, for the compiler only; never set. */
  declare protected readonly reference: true;
  readonly id: number;

  /** @internal An `id` is that of a reference of another shard. */
  constructor(id: number = (lastId += 1)) {
    this.id = id;
  }

  toString(): string {
    return `#Ref<${this.id}>`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** In logs and in the REPL a ref is its short text. */
Object.defineProperty(Ref.prototype, inspect.custom, {
  value(this: Ref): string {
    return this.toString();
  },
});
