import { Addressee } from "../addressee.ts";
import type { ExitReason } from "../exit-reason.ts";
import { tellWatchers } from "../exit-signal.ts";
import { itemsOf, withoutItem } from "../few.ts";
import type { MessageTag } from "../mailbox.ts";
import type { Pid } from "../pid.ts";
import type { Shard } from "../shard.ts";
import type { Peer } from "./peer.ts";

/**
 * Stands here for a process of another shard. It keeps this side of its links and monitors; what is sent to it goes to the
 * shard where it lives, which tells when it is gone, once.
 */
export class RemoteProcess extends Addressee {
  readonly pid: Pid;
  readonly peer: Peer;
  #watched = false;

  /** `pid`: the one that it has already. */
  constructor(shard: Shard, peer: Peer, id: number, pid?: Pid) {
    super(shard);
    this.peer = peer;
    this.pid = pid ?? peer.newPid(id, this);
  }

  deliver(tag: MessageTag, message: unknown): void {
    this.peer.sendRequest(this.pid.id, tag, message);
  }

  deliverFrozen(tag: MessageTag, message: unknown): void {
    this.peer.sendRequest(this.pid.id, tag, message);
  }

  exit(from: Pid, reason: ExitReason): void {
    this.peer.sendExit(this.pid.id, from, reason);
  }

  linkBroken(from: Pid, reason: ExitReason): void {
    this.peer.sendLinkBroken(this.pid.id, from, reason);
  }

  linked(from: Pid): void {
    this.peer.sendLink(this.pid.id, from);
  }

  unlinked(from: Pid): void {
    this.peer.sendUnlink(this.pid.id, from);
  }

  monitored(): void {
    if (this.#watched) return;
    this.#watched = true;
    this.peer.sendWatch(this.pid.id);
  }

  /**
   * The process is gone, or can't be reached any more. It has told those of whose links it knew before: to the others it was dead
   * already, which is what `linkReason` says.
   */
  ended(reason: ExitReason, linkReason: ExitReason): void {
    this.pid.process = undefined;
    for (const timer of itemsOf(this.timers)) this.shard.timers.stop(timer);
    this.timers = undefined;
    const { links } = this;
    this.links = undefined;
    for (const linked of itemsOf(links)) {
      const other = linked.process;
      if (other === undefined) continue;
      other.links = withoutItem(other.links, this.pid);
      other.linkBroken(this.pid, linkReason);
    }
    tellWatchers(this, reason);
  }
}
