import type { ReplicaId } from "./entry.ts";

/** What each message of a replica says of it. */
export interface Sender {
  readonly replica: ReplicaId;
  readonly nodeName: string;
  /** When it began, by the clock on its wall: of two at one place the younger has come after the other. */
  readonly bornMs: number;
  /** Each message has a greater one. */
  readonly sequence: number;
}

export const PeerStatus = { Up: 0, Down: 1, Gone: 2 } as const;
export type PeerStatus = (typeof PeerStatus)[keyof typeof PeerStatus];

export interface Peer {
  readonly nodeName: string;
  readonly bornMs: number;
  sequence: number;
  heardMs: number;
  status: PeerStatus;
}

/** Whether what a replica says counts. */
export const Heard = {
  /** It is not there any more, or never was: another one has come after it. */
  Refused: 0,
  /** What it says is worth to be known, but shows nothing of where it is now: later messages have come already. */
  Late: 1,
  Known: 2,
  /** It was not there, or was silent. */
  Appeared: 3,
} as const;
export type Heard = (typeof Heard)[keyof typeof Heard];

interface Silent {
  readonly replica: ReplicaId;
  readonly nodeName: string;
}

const NOBODY: readonly ReplicaId[] = [];

/**
 * Who else is there, by what was heard of them and when.
 *
 * ```text
 *              silent for downMs
 *        ┌── Up ────────────────► Down ──┐ silent for permdownMs
 *   bye  │    ▲      heard again   │     ▼
 *        │    └────────────────────┘   forgotten: unknown again
 *        └──► Gone: remembered for permdownMs, so that what it said before its bye can't bring it back
 * ```
 *
 * At one place there is one replica at a time. Messages may come late, twice, or not at all. Touches no clock and no process.
 */
export class Peers {
  readonly #peers = new Map<ReplicaId, Peer>();

  /** Those who are up or silent, or have said bye. */
  get size(): number {
    return this.#peers.size;
  }

  isUp(replica: ReplicaId): boolean {
    return this.#peers.get(replica)?.status === PeerStatus.Up;
  }

  nodeNameOf(replica: ReplicaId): string | undefined {
    return this.#peers.get(replica)?.nodeName;
  }

  at(nodeName: string): ReplicaId[] {
    return [...this.#peers].flatMap(([replica, peer]) => (peer.nodeName === nodeName ? replica : NOBODY));
  }

  /** A message has come. `replaced`: those after whom its sender has come are forgotten. */
  hear(
    { replica, nodeName, bornMs, sequence }: Sender,
    nowMs: number,
    downMs: number,
  ): { heard: Heard; replaced: readonly ReplicaId[] } {
    const peer = this.#peers.get(replica);
    if (peer === undefined) {
      const replaced = this.at(nodeName);
      for (const other of replaced)
        if (this.#outlives(other, replica, bornMs, nowMs, downMs))
          return { heard: Heard.Refused, replaced: NOBODY };
      for (const other of replaced) this.#peers.delete(other);
      this.#peers.set(replica, { nodeName, bornMs, sequence, heardMs: nowMs, status: PeerStatus.Up });
      return { heard: Heard.Appeared, replaced };
    }
    if (sequence <= peer.sequence) return { heard: Heard.Late, replaced: NOBODY };
    peer.sequence = sequence;
    peer.heardMs = nowMs;
    if (peer.status === PeerStatus.Up) return { heard: Heard.Known, replaced: NOBODY };
    peer.status = PeerStatus.Up;
    return { heard: Heard.Appeared, replaced: NOBODY };
  }

  /** Clocks on walls may be set back: who is the younger by them, but silent, stands in nobody's way. */
  #outlives(other: ReplicaId, replica: ReplicaId, bornMs: number, nowMs: number, downMs: number): boolean {
    const peer = this.#peers.get(other)!;
    if (nowMs - peer.heardMs > downMs) return false;
    return peer.bornMs > bornMs || (peer.bornMs === bornMs && other > replica);
  }

  /** Its last message. False if that is late. */
  bye({ replica, nodeName, bornMs, sequence }: Sender, nowMs: number): boolean {
    const peer = this.#peers.get(replica);
    if (peer === undefined) {
      if (this.at(nodeName).length > 0) return false;
      this.#peers.set(replica, { nodeName, bornMs, sequence, heardMs: nowMs, status: PeerStatus.Gone });
      return true;
    }
    if (sequence <= peer.sequence) return false;
    peer.sequence = sequence;
    peer.heardMs = nowMs;
    peer.status = PeerStatus.Gone;
    return true;
  }

  forget(replica: ReplicaId): void {
    this.#peers.delete(replica);
  }

  /** Who has been silent too long by now: those are down, or forgotten. */
  silent(nowMs: number, downMs: number, permdownMs: number): { down: Silent[]; forgotten: Silent[] } {
    const [down, forgotten]: [Silent[], Silent[]] = [[], []];
    for (const [replica, peer] of this.#peers) {
      const silentMs = nowMs - peer.heardMs;
      const { nodeName } = peer;
      if (silentMs > permdownMs) {
        this.#peers.delete(replica);
        forgotten.push({ replica, nodeName });
      } else if (silentMs > downMs && peer.status === PeerStatus.Up) {
        peer.status = PeerStatus.Down;
        down.push({ replica, nodeName });
      }
    }
    return { down, forgotten };
  }

  replicas(): Iterable<ReplicaId> {
    return this.#peers.keys();
  }
}
