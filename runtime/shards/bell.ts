export const BELL_BYTES = 128;
// In the middle, so that no other memory is on their cache line, that of another bell least of all: all shards look at them all the time.
const SLEEPS = 16;
const LOAD = 17;

/** What a shard lets the others see: whether it sleeps, for those who have something for it, and how much it has to do. */
export class Bell {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array;
  #toldLoad = 0;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(BELL_BYTES)) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  fallAsleep(): void {
    Atomics.store(this.#state, SLEEPS, 1);
  }

  stayAwake(): void {
    Atomics.store(this.#state, SLEEPS, 0);
  }

  /** How many processes live on the shard. */
  get load(): number {
    return Atomics.load(this.#state, LOAD);
  }

  set load(processes: number) {
    // Told between any two looks at the others, and seldom new.
    if (processes === this.#toldLoad) return;
    this.#toldLoad = processes;
    Atomics.store(this.#state, LOAD, processes);
  }

  /** True for one of those who ring while the shard sleeps: it has to wake it. */
  ring(): boolean {
    return Atomics.load(this.#state, SLEEPS) === 1 && Atomics.exchange(this.#state, SLEEPS, 0) === 1;
  }
}
