import { Ref } from "../ref.ts";
import type { SystemRequest } from "../system-call.ts";
import type { Peer } from "./peer.ts";

/** A reference that was made on another shard: an alias of a process there, or a call that waits there for its reply. */
export class RemoteRef extends Ref {
  readonly peer: Peer;

  constructor(peer: Peer, id: number) {
    super(id);
    this.peer = peer;
  }

  /** Answers the call that it is. Throws ROOKERY_NOT_COPYABLE for a reply that can't be sent. */
  answer(value: unknown): void {
    this.peer.sendReply(this.id, value);
  }
}

/** A request of `sys` from another shard. */
export class RemoteSystemCall extends RemoteRef {
  readonly request: SystemRequest;

  constructor(peer: Peer, id: number, request: SystemRequest) {
    super(peer, id);
    this.request = request;
  }

  override answer(value: unknown): void {
    try {
      super.answer(value);
    } catch (error) {
      this.refuse(error as Error);
    }
  }

  refuse(error: Error): void {
    this.peer.sendRefusal(this.id, error);
  }
}
