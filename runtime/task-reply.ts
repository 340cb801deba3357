import type { Ref } from "./ref.ts";

/** What a task sends to its owner when it is done: `{Ref, Value}`. Servers that don't await find it in `handleInfo`. */
export class TaskReply {
  readonly ref: Ref;
  readonly value: unknown;

  constructor(ref: Ref, value: unknown) {
    this.ref = ref;
    this.value = value;
  }
}
