import type { Addressee } from "../addressee.ts";
import type { ExitReason } from "../exit-reason.ts";
import { hasItem, withItem, withoutItem } from "../few.ts";
import type { Pid } from "../pid.ts";
import type { Interconnect } from "./interconnect.ts";
import type { Peer } from "./peer.ts";

/** What the other side of a line says of links between processes here and there. Both sides keep each link. */
export class PeerLinks {
  readonly #home: Interconnect;
  readonly #peer: Peer;
  /** How many unlinks from a process here to one there have not arrived yet, by the ids of both. */
  readonly #unlinking = new Map<string, number>();

  constructor(home: Interconnect, peer: Peer) {
    this.#home = home;
    this.#peer = peer;
  }

  /** The process `from` here is about to unlink the one there. */
  unlinking(from: number, there: number): void {
    const pair = `${from} ${there}`;
    this.#unlinking.set(pair, (this.#unlinking.get(pair) ?? 0) + 1);
  }

  linked(id: number, from: Pid): void {
    const process = this.#home.local(id);
    if (process === undefined) {
      const dead = this.#home.pidOf(this.#home.shard.number, id, true, false);
      this.#peer.sendLinkBroken(from.id, dead, "noproc");
      return;
    }
    // It was entered before this process's unlink, which ends it there, too.
    if (from.process === undefined || this.#unlinking.has(`${id} ${from.id}`)) return;
    process.links = withItem(process.links, from);
    from.process.links = withItem(from.process.links, process.pid);
  }

  unlink(id: number, from: Pid): void {
    const process = this.#home.local(id);
    if (process !== undefined) separate(process, from);
    this.#peer.sendUnlinked(from.id, id);
  }

  unlinked(id: number, by: number): void {
    const pair = `${id} ${by}`;
    const left = this.#unlinking.get(pair)! - 1;
    if (left === 0) this.#unlinking.delete(pair);
    else this.#unlinking.set(pair, left);
  }

  broken(id: number, from: Pid, reason: ExitReason): void {
    const process = this.#home.local(id);
    // Unlinked meanwhile: then nothing of this link may come any more, not even if there is a new one.
    if (this.#unlinking.has(`${id} ${from.id}`)) return;
    if (process === undefined || !hasItem(process.links, from)) return;
    separate(process, from);
    process.linkBroken(from, reason);
  }
}

function separate(process: Addressee, from: Pid): void {
  process.links = withoutItem(process.links, from);
  const other = from.process;
  if (other !== undefined) other.links = withoutItem(other.links, process.pid);
}
