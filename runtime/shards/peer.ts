import type { PendingCall } from "../call.ts";
import { brief, RookeryError } from "../errors.ts";
import type { ExitReason } from "../exit-reason.ts";
import type { MessageTag } from "../mailbox.ts";
import { CAST, STOP, SYSTEM } from "../message-tag.ts";
import { attachMonitor, Monitor } from "../monitor.ts";
import type { Pid } from "../pid.ts";
import type { Process } from "../process.ts";
import type { Ref } from "../ref.ts";
import { sendToAlias } from "../send.ts";
import type { StartResult } from "../start.ts";
import { resumeSuspended } from "../suspension.ts";
import type { SystemCall, SystemRequest } from "../system-call.ts";
import { Inbox } from "./inbox.ts";
import type { Interconnect } from "./interconnect.ts";
import { Outbox } from "./outbox.ts";
import type { PeerLine } from "./peer-line.ts";
import { RemoteProcess } from "./remote-process.ts";
import { RemoteRef, RemoteSystemCall } from "./remote-ref.ts";
import { WeakTable } from "./weak-table.ts";
import { type RemoteStart, startHere } from "./remote-start.ts";
import type { TermHome } from "./term-types.ts";

/** The signals between shards. The first item of each is its kind, the second whom it is about there. */
const Kind = {
  Message: 0,
  Cast: 1,
  Call: 2,
  Stop: 3,
  System: 4,
  Reply: 5,
  Alias: 6,
  Exit: 7,
  Link: 8,
  Unlink: 9,
  LinkBroken: 10,
  Watch: 11,
  Gone: 12,
  Start: 13,
  Started: 14,
  Refusal: 15,
} as const;

/** With so many bytes without room in the ring, who sends has no turn; with so few, it has one again. */
const BUSY_BYTES = 1_048_576;
const FREE_BYTES = 65_536;

/** Tells another shard that a process of this one is gone. */
class RemoteWatch extends Monitor {
  readonly #peer: Peer;

  constructor(peer: Peer) {
    super(undefined);
    this.#peer = peer;
  }

  override down(reason: ExitReason): void {
    this.#peer.sendGone((this.watched as Pid).id, reason);
  }
}

/** The other end of this shard's line to one other shard: what is known of it here, and the signals to it and from it. */
export class Peer implements TermHome {
  readonly number: number;
  readonly #home: Interconnect;
  readonly #line: PeerLine;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #standIns = new WeakTable<Pid>();
  readonly #refs = new WeakTable<RemoteRef>();
  readonly #starts = new Map<number, (result: StartResult) => void>();
  #lastStart = 0;
  /** Binary data of the signal that is being encoded. */
  #binaries: ArrayBuffer[] = [];
  /** Those who have no turn while the other side is behind. */
  readonly #held = new Set<Process>();
  readonly #signal2: unknown[] = [0, 0];
  readonly #signal3: unknown[] = [0, 0, undefined];
  readonly #signal4: unknown[] = [0, 0, undefined, undefined];

  constructor(number: number, home: Interconnect, line: PeerLine) {
    this.number = number;
    this.#home = home;
    this.#line = line;
    this.#outbox = new Outbox(this, line.outgoing);
    this.#inbox = new Inbox(this, line.incoming);
  }

  /** Hands over what was sent since the last time, and carries out what has come; true if anything has. */
  exchange(): boolean {
    this.flush();
    let any = false;
    for (let batch = this.#inbox.next(); batch !== undefined; batch = this.#inbox.next()) {
      any = true;
      for (const signal of batch) this.#carryOut(signal);
    }
    // Also for a part of a batch: the rest of it waits for the room.
    this.#line.madeRoom();
    return any;
  }

  flush(): void {
    if (this.#outbox.flush()) this.#line.wake();
    if (this.#outbox.waiting > 0) {
      this.#line.wantRoom();
      // The other side may have made room before it could see the wish.
      if (this.#outbox.flush()) this.#line.wake();
    }
    if (this.#held.size > 0 && this.#outbox.waiting <= FREE_BYTES) {
      for (const process of this.#held) resumeSuspended(process, 1);
      this.#held.clear();
    }
  }

  /** How many processes live there. */
  get load(): number {
    return this.#line.load;
  }

  get hasInput(): boolean {
    return !this.#inbox.isEmpty;
  }

  /** The other shard is gone, and all that lived there. */
  lost(): void {
    for (const { process } of this.#standIns.values())
      if (process instanceof RemoteProcess) process.ended("noconnection");
    for (const resolve of this.#starts.values()) resolve({ ok: false, reason: "noconnection" });
    this.#starts.clear();
    for (const process of this.#held) resumeSuspended(process, 1);
    this.#held.clear();
    this.#line.close();
  }

  /** The pid of a process that lives there. */
  standIn(id: number): Pid {
    const known = this.#standIns.get(id);
    if (known !== undefined) return known;
    const { pid } = new RemoteProcess(this.#home.shard, this, id);
    this.#standIns.set(id, pid);
    return pid;
  }

  /** The reference that was made there. */
  refStandIn(id: number): RemoteRef {
    const known = this.#refs.get(id);
    if (known !== undefined) return known;
    const ref = new RemoteRef(this, id);
    this.#refs.set(id, ref);
    return ref;
  }

  // What the encoding asks.

  pidOf(shard: number, id: number): Pid {
    return this.#home.pidOf(shard, id);
  }

  refOf(shard: number, id: number): Ref {
    return this.#home.refOf(shard, id);
  }

  exportPid(pid: Pid): void {
    this.#home.exportPid(pid);
  }

  exportRef(ref: Ref): number {
    return this.#home.exportRef(ref);
  }

  handInBinary(bytes: ArrayBuffer): void {
    this.#binaries.push(bytes);
  }

  takeBinary(): ArrayBuffer {
    return this.#line.takeBinary();
  }

  // Signals to there.

  sendRequest(id: number, tag: MessageTag, message: unknown): void {
    if (tag === undefined) this.#add3(Kind.Message, id, message);
    else if (tag === CAST) this.#add3(Kind.Cast, id, message);
    else if (tag === STOP) this.#add3(Kind.Stop, id, message);
    else if (tag === SYSTEM)
      this.#add4(Kind.System, id, this.#calling(message as SystemCall), (message as SystemCall).request);
    else this.#add4(Kind.Call, id, this.#calling(tag as PendingCall), message);
  }

  sendReply(ref: number, value: unknown): void {
    this.#add3(Kind.Reply, ref, value);
  }

  sendRefusal(ref: number, error: Error): void {
    this.#add3(Kind.Refusal, ref, error);
  }

  sendAlias(ref: number, message: unknown): void {
    this.#add3(Kind.Alias, ref, message);
  }

  sendExit(id: number, from: Pid, reason: ExitReason): void {
    this.#add4(Kind.Exit, id, from, reason);
  }

  sendLink(id: number, from: Pid): void {
    this.#add3(Kind.Link, id, from);
  }

  sendUnlink(id: number, from: Pid): void {
    this.#add3(Kind.Unlink, id, from);
  }

  sendLinkBroken(id: number, from: Pid, reason: ExitReason): void {
    this.#tell(Kind.LinkBroken, id, from, reason);
  }

  sendWatch(id: number): void {
    this.#signal2[0] = Kind.Watch;
    this.#signal2[1] = id;
    this.#add(this.#signal2);
  }

  sendGone(id: number, reason: ExitReason): void {
    this.#tell(Kind.Gone, id, undefined, reason);
  }

  sendStarted(start: number, result: StartResult): void {
    this.#tell(Kind.Started, start, result.ok, result.ok ? result.pid : result.reason);
  }

  /** Starts a server there. */
  start(start: RemoteStart, arg: unknown): Promise<StartResult> {
    return new Promise((resolve) => {
      this.#lastStart += 1;
      this.#add([Kind.Start, this.#lastStart, start, arg]);
      this.#starts.set(this.#lastStart, resolve);
    });
  }

  #calling(call: PendingCall): number {
    this.#home.exportRef(call);
    return call.id;
  }

  #add3(kind: number, id: number, value: unknown): void {
    const signal = this.#signal3;
    signal[0] = kind;
    signal[1] = id;
    signal[2] = value;
    this.#add(signal);
    signal[2] = undefined;
  }

  #add4(kind: number, id: number, about: unknown, value: unknown): void {
    const signal = this.#signal4;
    signal[0] = kind;
    signal[1] = id;
    signal[2] = about;
    signal[3] = value;
    this.#add(signal);
    signal[2] = undefined;
    signal[3] = undefined;
  }

  /** A signal that nobody sends who could be told of an error: a reason that can't be copied goes as its text. */
  #tell(kind: number, id: number, about: unknown, reason: unknown): void {
    try {
      this.#add4(kind, id, about, reason);
    } catch (error) {
      if (!(error instanceof RookeryError)) throw error;
      this.#add4(kind, id, about, brief(reason));
    }
  }

  #add(signal: readonly unknown[]): void {
    this.#binaries.length = 0;
    this.#outbox.add(signal);
    for (const bytes of this.#binaries) this.#line.handInBinary(bytes);
    const { scheduler } = this.#home.shard;
    scheduler.want();
    if (this.#outbox.waiting > BUSY_BYTES) this.#hold(scheduler.current);
  }

  /** The other side is behind: who goes on sending waits, as on a busy port of the BEAM. */
  #hold(process: Process | undefined): void {
    this.flush();
    if (process === undefined || this.#held.has(process) || this.#outbox.waiting <= BUSY_BYTES) return;
    this.#held.add(process);
    process.suspensions += 1;
    process.shard.scheduler.endTurn();
  }

  // Signals from there.

  #carryOut(signal: readonly unknown[]): void {
    const [kind, id, third, fourth] = signal as [number, number, unknown, unknown];
    switch (kind) {
      case Kind.Message:
        return this.#home.local(id)?.deliverFrozen(undefined, third);
      case Kind.Cast:
        return this.#home.local(id)?.deliverFrozen(CAST, third);
      case Kind.Call:
        return this.#home.local(id)?.deliverFrozen(new RemoteRef(this, third as number), fourth);
      case Kind.Stop:
        return this.#home.local(id)?.deliver(STOP, third);
      case Kind.System:
        return this.#home
          .local(id)
          ?.deliver(SYSTEM, new RemoteSystemCall(this, third as number, fourth as SystemRequest));
      case Kind.Reply:
        return this.#home.answer(id, third);
      case Kind.Refusal:
        return this.#home.refuse(id, third as Error);
      case Kind.Alias:
        return this.#toAlias(id, third);
      case Kind.Exit:
        return this.#home.local(id)?.exit(third as Pid, fourth);
      case Kind.Link:
        return this.#link(id, third as Pid);
      case Kind.Unlink:
        return this.#unlink(id, third as Pid);
      case Kind.LinkBroken:
        return this.#linkBroken(id, third as Pid, fourth);
      case Kind.Watch:
        return this.#watch(id);
      case Kind.Gone:
        return this.#gone(id, fourth);
      case Kind.Start:
        return startHere(this, this.#home.shard, id, third as RemoteStart, fourth);
      case Kind.Started:
        return this.#started(id, third as boolean, fourth);
    }
  }

  #toAlias(id: number, message: unknown): void {
    const ref = this.#home.refOf(this.#home.shard.number, id);
    if (ref instanceof Monitor) sendToAlias(ref, message);
  }

  #link(id: number, from: Pid): void {
    const process = this.#home.local(id);
    if (process === undefined) {
      this.sendLinkBroken(from.id, this.#home.pidOf(this.#home.shard.number, id), "noproc");
      return;
    }
    (process.links ??= new Set()).add(from);
    (from.process!.links ??= new Set()).add(process.pid);
  }

  #unlink(id: number, from: Pid): void {
    const process = this.#home.local(id);
    process?.links?.delete(from);
    if (process !== undefined) from.process?.links?.delete(process.pid);
  }

  #linkBroken(id: number, from: Pid, reason: ExitReason): void {
    const process = this.#home.local(id);
    // Unlinked meanwhile: then nothing of this link may come any more.
    if (process?.links?.delete(from) !== true) return;
    from.process?.links?.delete(process.pid);
    process.linkBroken(from, reason);
  }

  #watch(id: number): void {
    const process = this.#home.local(id);
    if (process === undefined) return this.sendGone(id, "noproc");
    const watch = new RemoteWatch(this);
    watch.watched = process.pid;
    attachMonitor(watch, process);
  }

  #gone(id: number, reason: ExitReason): void {
    const standIn = this.#standIns.get(id)?.process;
    if (standIn instanceof RemoteProcess) standIn.ended(reason);
  }

  #started(start: number, ok: boolean, value: unknown): void {
    const resolve = this.#starts.get(start);
    this.#starts.delete(start);
    resolve?.(ok ? { ok, pid: value as Pid } : { ok, reason: value });
    this.#home.shard.scheduler.resumed();
  }
}
