import { type Channel, Socket } from "phoenix";
import { onTestFinished } from "vitest";
import { resumable, type Resumable, type ResumePosition } from "../../../channels/client/index.ts";

export const TOPIC = "room:1";

/** The unmodified client in a room, and what it has heard. */
export class Listener {
  readonly socket: Socket;
  readonly room: Resumable<Channel>;
  readonly heard: unknown[] = [];
  readonly #wake: (() => void)[] = [];

  constructor(port: number, position?: ResumePosition) {
    const soon = (): number => 10;
    this.socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
      transport: WebSocket,
      reconnectAfterMs: soon,
      rejoinAfterMs: soon,
    });
    onTestFinished(() => this.socket.disconnect());
    this.socket.connect();
    this.room = resumable(this.socket, TOPIC, {
      ...(position === undefined ? {} : { position }),
      onJoin: (resumed) => this.#hear(resumed ? "resumed" : "not resumed"),
    });
    for (const event of ["said", "whispered"])
      this.room.channel.on(event, (payload) =>
        this.#hear(payload instanceof ArrayBuffer ? "bytes" : payload),
      );
    this.room.channel.join();
  }

  #hear(what: unknown): void {
    this.heard.push(what);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** All that was heard, as soon as there is so much. */
  async heardSoFar(count: number): Promise<unknown[]> {
    while (this.heard.length < count) await this.more();
    return this.heard;
  }

  /** Resolves when it hears something. */
  more(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }
}
