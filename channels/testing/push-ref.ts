/** A push of a test, by which its answer is told from others. The compiler knows from it how it may be answered. */
export class PushRef<Ok = unknown, Error = unknown> {
  readonly ref: string;
  readonly topic: string;
  readonly event: string;
  declare readonly answers?: { readonly ok: Ok; readonly error: Error };

  /** @internal */
  constructor(ref: string, topic: string, event: string) {
    this.ref = ref;
    this.topic = topic;
    this.event = event;
  }
}
