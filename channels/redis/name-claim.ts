import type { Clock } from "../../runtime/index.ts";
import { channelsError } from "../errors.ts";
import { FrameKind } from "./frame-kind.ts";
import { encodeFrame } from "./redis-frame.ts";
import type { RedisSession } from "./redis-session.ts";

export interface NameClaimOptions {
  readonly node: string;
  /** Tells this node from another one of its name. */
  readonly incarnation: string;
  /** Which Redis that is, for people. */
  readonly address: string;
  /** The channel of whoever has the name. */
  readonly channel: string;
  /** So long an answer of another one is waited for, if there seems to be one. */
  readonly waitMs: number;
  readonly clock: Clock;
  /** Another node has the name, as it turns out when this one is connected again. */
  readonly lost: (error: Error) => void;
}

/**
 * Sees to it that no two nodes have one name: each would take what the other one says for its own. Whoever begins asks on the channel of the
 * name, and who is there already says so. Two that begin at once both hear the other, and neither gets it.
 */
export class NameClaim {
  readonly #options: NameClaimOptions;
  readonly #own: Buffer;
  readonly #node: Buffer;
  /** Set when another node has the name. */
  taken: Error | undefined = undefined;
  #isMine = false;
  #answered: () => void = () => {};

  constructor(options: NameClaimOptions) {
    this.#options = options;
    this.#own = Buffer.from(options.incarnation);
    this.#node = Buffer.from(options.node);
  }

  /** Asks, having subscribed to the channel. Throws ROOKERY_NODE_NAME_TAKEN. */
  async claim(session: RedisSession): Promise<void> {
    const { channel, clock, waitMs } = this.#options;
    this.taken = undefined;
    const receivers = await session.command("PUBLISH", channel, this.#frame(FrameKind.who, this.#own));
    // Somebody beside this node? A connection that nobody has closed may be there still: only who answers counts.
    if (receivers !== 1) {
      await new Promise<void>((resolve) => {
        const timer = clock.setTimer(waitMs, resolve);
        this.#answered = () => {
          timer.cancel();
          resolve();
        };
        if (this.taken !== undefined) this.#answered();
      });
    }
    if (this.taken !== undefined) throw this.taken;
    this.#isMine = true;
  }

  /** What came on the channel, of the kinds `who` and `taken`. */
  hear(session: RedisSession, kind: number, asked: Buffer): void {
    const isOwn = asked.equals(this.#own);
    if (kind === FrameKind.who) {
      if (!isOwn) session.publish(this.#options.channel, this.#frame(FrameKind.taken, asked));
    } else if (isOwn) {
      const { node, address, lost } = this.#options;
      this.taken = channelsError("ROOKERY_NODE_NAME_TAKEN", node, address);
      this.#answered();
      if (this.#isMine) lost(this.taken);
    }
  }

  #frame(kind: number, body: Buffer): Buffer {
    return encodeFrame(kind, this.#node, body);
  }
}
