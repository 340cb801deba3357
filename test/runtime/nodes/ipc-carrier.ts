import type { ChildProcess } from "node:child_process";
import type { NodeCarrier, NodeCarrierEvents } from "../../../runtime/index.ts";

type IpcMessage =
  | { readonly type: "hello" | "welcome"; readonly node: string; readonly incarnation: string }
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

/** Connects the nodes of two OS processes, of which one has started the other. */
export class IpcCarrier implements NodeCarrier {
  readonly #channel: ChildProcess | NodeJS.Process;
  #stop = (): void => {};

  constructor(channel: ChildProcess | NodeJS.Process) {
    this.#channel = channel;
  }

  async start(
    own: { readonly node: string; readonly incarnation: string },
    events: NodeCarrierEvents,
  ): Promise<void> {
    const channel = this.#channel;
    let other: { readonly node: string; readonly incarnation: string } | undefined;
    const onMessage = (message: IpcMessage): void => {
      if (message.type === "bytes") {
        if (other !== undefined) events.received(other.node, other.incarnation, message.bytes);
        return;
      }
      other = message;
      if (message.type === "hello") this.#post({ type: "welcome", ...own });
      events.nodeUp(other.node, other.incarnation);
    };
    const onGone = (): void => {
      if (other !== undefined) events.nodeDown(other.node, other.incarnation);
      other = undefined;
    };
    channel.on("message", onMessage as never);
    channel.on("disconnect", onGone);
    this.#stop = () => {
      channel.off("message", onMessage as never);
      channel.off("disconnect", onGone);
    };
    this.#post({ type: "hello", ...own });
  }

  send(_node: string, bytes: Uint8Array): void {
    this.#post({ type: "bytes", bytes });
  }

  async stop(): Promise<void> {
    this.#stop();
    if (this.#channel.connected === true) this.#channel.disconnect?.();
  }

  #post(message: IpcMessage): void {
    if (this.#channel.connected === true) this.#channel.send?.(message as never, undefined, {}, () => {});
  }
}
