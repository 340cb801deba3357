import type { NodeCarrierEvents } from "../../runtime/index.ts";
import type { LinkFrame } from "./link-frame.ts";

const NOTHING = new Uint8Array(0);

/** The connection with one other node. */
interface Link {
  readonly incarnation: string;
  /** Its number here, above that of each one before it. */
  readonly mine: number;
  /** Its number there; 0 as long as that is not known. */
  theirs: number;
  /** Both sides know both numbers. */
  isUp: boolean;
  sent: number;
  /** So much of it the other side has been told of by itself. */
  told: number;
  received: number;
  /** So many beats have passed since anything was heard. */
  silentBeats: number;
}

export interface NodeLinksOptions {
  readonly incarnation: string;
  readonly silentBeatsMax: number;
  readonly events: NodeCarrierEvents;
  /** To one other node. */
  readonly say: (node: string, frame: LinkFrame) => void;
}

/**
 * Decides who is connected, from what is heard; what it says may get lost. Each side numbers a connection anew when it believes the one
 * before to be broken; it is up when each has heard its own number from the other. Who hears a higher number than before knows that the
 * other one has begun anew, and does so too: so both see the end of a connection, whoever noticed first.
 *
 * ```text
 *   A                       B
 *   alive -->           <-- alive          each hears of the other
 *   mine 1, yours 0 -->                    B makes its link, 5
 *                 <-- mine 5, yours 1      A is up
 *   mine 1, yours 5 -->                    B is up
 * ```
 */
export class NodeLinks {
  readonly #options: NodeLinksOptions;
  readonly #links = new Map<string, Link>();
  #numbered = 0;

  constructor(options: NodeLinksOptions) {
    this.#options = options;
  }

  /** That node has said that it is there. */
  alive(node: string, incarnation: string): void {
    const link = this.#links.get(node);
    if (link?.incarnation === incarnation) {
      link.silentBeats = 0;
      return;
    }
    if (link !== undefined) this.down(node);
    this.#say(node, this.#begin(node, incarnation));
  }

  heard(node: string, frame: LinkFrame): void {
    if (frame.to !== this.#options.incarnation) return;
    let link = this.#links.get(node);
    if (link !== undefined && link.incarnation !== frame.incarnation) {
      this.down(node);
      link = undefined;
    }
    link ??= this.#begin(node, frame.incarnation);
    link.silentBeats = 0;
    // Of a connection that has ended.
    if (frame.mine < link.theirs) return;
    if (frame.mine > link.theirs && link.isUp) {
      this.down(node);
      link = this.#begin(node, frame.incarnation);
    }
    const isNews = frame.mine !== link.theirs;
    link.theirs = frame.mine;
    if (frame.yours !== link.mine) {
      // Who goes on sending through a connection that has ended need not be told so for each message.
      if (isNews || !frame.carries) this.#say(node, link);
      return;
    }
    if (!link.isUp) {
      link.isUp = true;
      this.#say(node, link);
      this.#options.events.nodeUp(node, link.incarnation);
    }
    this.#take(node, link, frame);
  }

  #take(node: string, link: Link, { carries, sequence, bytes }: LinkFrame): void {
    if (this.#links.get(node) !== link || sequence <= link.received) return;
    if (carries && sequence === link.received + 1) {
      link.received = sequence;
      this.#options.events.received(node, link.incarnation, bytes);
      return;
    }
    // Something is missing. The other side hears of it by the new number.
    this.down(node);
    const next = this.#begin(node, link.incarnation);
    next.theirs = link.theirs;
    this.#say(node, next);
  }

  /** What goes to that node next, if it is up. */
  next(node: string, bytes: Uint8Array): LinkFrame | undefined {
    const link = this.#links.get(node);
    if (link === undefined || !link.isUp) return undefined;
    link.sent += 1;
    return this.#frame(link, true, bytes);
  }

  /** Time has passed: who was silent for too long is gone, and what may have been lost is said again. */
  beat(): void {
    for (const [node, link] of this.#links) {
      link.silentBeats += 1;
      if (link.silentBeats > this.#options.silentBeatsMax) this.down(node);
      // As if the other's number were not known: who knows this one already would not answer else.
      else if (!link.isUp) this.#options.say(node, { ...this.#frame(link, false, NOTHING), yours: 0 });
      // By the count the other side sees that the last of it was lost, too.
      else if (link.told < link.sent) this.#say(node, link);
    }
  }

  /** That node is not connected any more. */
  down(node: string): void {
    const link = this.#links.get(node);
    this.#links.delete(node);
    if (link?.isUp === true) this.#options.events.nodeDown(node, link.incarnation);
  }

  /** No node is. */
  allDown(): void {
    for (const node of this.#links.keys()) this.down(node);
  }

  #begin(node: string, incarnation: string): Link {
    this.#numbered += 1;
    const link: Link = {
      incarnation,
      mine: this.#numbered,
      theirs: 0,
      isUp: false,
      sent: 0,
      told: 0,
      received: 0,
      silentBeats: 0,
    };
    this.#links.set(node, link);
    return link;
  }

  #frame(link: Link, carries: boolean, bytes: Uint8Array): LinkFrame {
    const { incarnation } = this.#options;
    const { incarnation: to, mine, theirs: yours, sent: sequence } = link;
    return { carries, incarnation, to, mine, yours, sequence, bytes };
  }

  #say(node: string, link: Link): void {
    link.told = link.sent;
    this.#options.say(node, this.#frame(link, false, NOTHING));
  }
}
