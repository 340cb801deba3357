/** What a carrier tells the runtime that has started it, in the order in which it happens. Never fails, and never waits. */
export interface NodeCarrierEvents {
  /** That node can be reached from now on. Each start of it has an incarnation of its own. */
  nodeUp(node: string, incarnation: string): void;
  /** It can't be reached any more: something that was sent, or would have come, is lost. */
  nodeDown(node: string, incarnation: string): void;
  /** The next bytes that it has sent. They are not changed afterwards. */
  received(node: string, incarnation: string, bytes: Uint8Array): void;
}

/** Brings bytes from node to node: what a runtime needs to join others. Used by one runtime, once. */
export interface NodeCarrier {
  /** Finds the others, and is found by them. Rejects if it can't, and then leaves nothing behind. */
  start(
    own: { readonly node: string; readonly incarnation: string },
    events: NodeCarrierEvents,
  ): Promise<void>;
  /**
   * In order, at most once; what is lost is followed by nodeDown. Never waits and never throws: a node that takes less than it is sent is
   * down, once that has become too much. The bytes are not changed afterwards.
   */
  send(node: string, bytes: Uint8Array): void;
  /** Leaves: the others hear that this node is down. No event comes afterwards. */
  stop(): Promise<void>;
}
