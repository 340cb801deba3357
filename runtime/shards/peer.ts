import type { PendingCall } from "../call.ts";
import { brief, RookeryError } from "../errors.ts";
import type { ExitReason } from "../exit-reason.ts";
import type { MessageTag } from "../mailbox.ts";
import { CAST, STOP, SYSTEM } from "../message-tag.ts";
import { Monitor } from "../monitor.ts";
import { Pid } from "../pid.ts";
import type { Process } from "../process.ts";
import type { Ref } from "../ref.ts";
import { contextArrival } from "../context-arrival.ts";
import { sendToAlias } from "../send.ts";
import type { StartResult } from "../start.ts";
import { resumeSuspended } from "../suspension.ts";
import type { SystemCall, SystemRequest } from "../system-call.ts";
import { Inbox } from "./inbox.ts";
import type { Interconnect } from "./interconnect.ts";
import { Outbox } from "./outbox.ts";
import type { PeerLine } from "./peer-line.ts";
import { PeerLinks } from "./peer-links.ts";
import { PendingStarts } from "./pending-starts.ts";
import { RemoteProcess } from "./remote-process.ts";
import { RemoteRef, RemoteSystemCall } from "./remote-ref.ts";
import { SignalKind as Kind } from "./signal-kind.ts";
import { WeakTable } from "./weak-table.ts";
import { type RemoteStart, startHere } from "./remote-start.ts";
import type { TermHome } from "./term-types.ts";

/** With so many bytes without room in the ring, who sends has no turn; with so few, it has one again. */
const BUSY_BYTES = 1_048_576;
const FREE_BYTES = 65_536;
/**
 * So many batches are read at once; then the processes of this shard have their turns again. Few, so that those who wait for an
 * answer to what came first have it while the rest is still to be read.
 */
const BATCHES_PER_EXCHANGE = 2;

/** The other end of this shard's line to one other shard: what is known of it here, and the signals to it and from it. */
export class Peer implements TermHome {
  readonly number: number;
  readonly #home: Interconnect;
  readonly #line: PeerLine;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #standIns = new WeakTable<Pid>();
  readonly #refs = new WeakTable<RemoteRef>();
  /** The processes of this shard that are known there, whose end it is told; and whether somebody there wants the reason. */
  readonly #known = new Map<number, boolean>();
  readonly #links: PeerLinks;
  readonly #starts = new PendingStarts();
  #isLost = false;
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
    this.#links = new PeerLinks(home, this);
    this.#outbox = new Outbox(this, line.outgoing);
    this.#inbox = new Inbox(this, line.incoming);
  }

  /** Hands over what was sent since the last time, and carries out what has come; true if anything has. */
  exchange(): boolean {
    this.flush();
    let batches = 0;
    while (batches < BATCHES_PER_EXCHANGE && !this.#isLost) {
      const count = this.#inbox.next();
      if (count === 0) break;
      batches += 1;
      this.#carryOutAll(count);
    }
    // Also for a part of a batch: the rest of it waits for the room.
    this.#line.madeRoom();
    return batches > 0;
  }

  flush(): void {
    // Asked for after each turn: nobody waits for room where nothing waits.
    if (this.#outbox.waiting === 0) return;
    if (this.#outbox.flush()) this.#line.wake();
    while (this.#outbox.waiting > 0) {
      this.#line.wantRoom();
      // The other side may have made room before it could see the wish, or have taken the wish for the room that is used here: then
      // there has to be another one.
      if (!this.#outbox.flush()) break;
      this.#line.wake();
    }
    if (this.#outbox.waiting > FREE_BYTES) return;
    const { shard } = this.#home;
    if (shard.behind === this) shard.behind = undefined;
    if (this.#held.size > 0) {
      for (const process of this.#held) resumeSuspended(process, 1);
      this.#held.clear();
    }
  }

  /** How many processes live there, as far as is known here; those that were sent there and are not counted yet are among them. */
  get load(): number {
    return this.#starts.loadWith(this.#line.load);
  }

  get hasInput(): boolean {
    return !this.#inbox.isEmpty;
  }

  /** Whether there is something to be done: to read, or to write. */
  get hasWork(): boolean {
    return this.hasInput || this.#outbox.canFlush;
  }

  /** The other shard is gone, and all that lived there. */
  lost(): void {
    this.#isLost = true;
    if (this.#home.shard.behind === this) this.#home.shard.behind = undefined;
    for (const { process } of this.#standIns.values())
      if (process instanceof RemoteProcess) process.ended("noconnection", "noconnection");
    this.#starts.endAll({ ok: false, reason: "noconnection" });
    for (const process of this.#held) resumeSuspended(process, 1);
    this.#held.clear();
    this.#line.close();
  }

  /** How many bytes have not found room in the ring yet. */
  get waiting(): number {
    return this.#outbox.waiting;
  }

  get kept(): { readonly pids: number; readonly refs: number } {
    return { pids: this.#standIns.size + this.#known.size, refs: this.#refs.size };
  }

  /** The pids of processes that live there, or did, as far as somebody here has them. */
  get pids(): readonly Pid[] {
    return this.#standIns.values();
  }

  /**
   * The pid of a process that lives there. Of one that this shard did not learn of from there, its end has to be asked for.
   * `dead`: it is known not to live any more.
   */
  standIn(id: number, dead: boolean, learnedThere: boolean): Pid {
    const known = this.#standIns.get(id);
    if (known !== undefined) return known;
    const pid = dead ? this.newPid(id, undefined) : new RemoteProcess(this.#home.shard, this, id).pid;
    this.#standIns.set(id, pid);
    if (!dead && !learnedThere) this.sendWatch(id);
    return pid;
  }

  /** A pid for a process that lives there. */
  newPid(id: number, process: RemoteProcess | undefined): Pid {
    return new Pid(this.number, id, process);
  }

  /** What was sent to `pid` had nowhere to go until now. */
  revive(pid: Pid): void {
    pid.process = new RemoteProcess(this.#home.shard, this, pid.id, pid);
    this.#standIns.set(pid.id, pid);
    this.sendWatch(pid.id);
  }

  /** A process of this shard has ended. */
  processEnded(pid: Pid, reason: ExitReason): void {
    const wanted = this.#known.get(pid.id);
    if (wanted === undefined) return;
    this.#known.delete(pid.id);
    this.sendGone(pid.id, wanted ? reason : "noproc");
  }

  /** A reference that was made there, and is about to be known elsewhere: it must be the same one when it comes back. */
  keepRef(ref: RemoteRef): void {
    if (this.#refs.get(ref.id) === undefined) this.#refs.set(ref.id, ref);
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

  pidOf(shard: number, id: number, dead: boolean): Pid {
    return this.#home.pidOf(shard, id, dead, shard === this.number);
  }

  refOf(shard: number, id: number): Ref {
    return this.#home.refOf(shard, id);
  }

  exportPid(pid: Pid): void {
    this.#home.exportPid(pid);
    if (pid.process !== undefined && pid.shard === this.#home.shard.number && !this.#known.has(pid.id))
      this.#known.set(pid.id, false);
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
    if (tag === undefined) this.#addMessage(Kind.Message, id, undefined, message);
    else if (tag === CAST) this.#addMessage(Kind.Cast, id, undefined, message);
    else if (tag === STOP) this.#add3(Kind.Stop, id, message);
    else if (tag === SYSTEM)
      this.#add4(Kind.System, id, this.#calling(message as SystemCall), (message as SystemCall).request);
    else this.#addMessage(Kind.Call, id, this.#calling(tag as PendingCall), message);
  }

  /** The next message to that process belongs to a trace; undefined: it does not after all. */
  sendContext(id: number, context: unknown): void {
    this.#add3(Kind.Context, id, context);
  }

  sendReply(ref: number, value: unknown): void {
    this.#addMessage(Kind.Reply, ref, undefined, value);
  }

  sendRefusal(ref: number, error: Error): void {
    this.#tell(Kind.Refusal, ref, undefined, error);
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
    this.#links.unlinking(from.id, id);
    this.#add3(Kind.Unlink, id, from);
  }

  sendUnlinked(id: number, by: number): void {
    this.#signal3[0] = Kind.Unlinked;
    this.#signal3[1] = id;
    this.#signal3[2] = by;
    this.#add(this.#signal3);
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

  /** `monitored`: somebody there watches the process from now on. */
  sendStarted(start: number, result: StartResult, monitored: boolean): void {
    if (result.ok && monitored) this.#tellReason(result.pid);
    this.#tell(Kind.Started, start, result.ok, result.ok ? result.pid : result.reason);
  }

  /** To what has the name there. */
  sendSaid(name: string, head: unknown, body: unknown): void {
    this.#add4(Kind.Said, name, head, body);
  }

  /** Answers who asked for a name: if it is that of a process, it is told of the end of that. */
  sendNameIs(asked: number, id: number): void {
    const process = this.#home.local(id);
    if (process !== undefined) this.#tellReason(process.pid);
    this.#add3(Kind.NameIs, asked, process?.pid);
  }

  /** Starts a server there. */
  start(start: RemoteStart, arg: unknown, settled: (result: StartResult) => void): void {
    const number = this.#starts.nextNumber();
    this.#add([Kind.Start, number, start, arg]);
    this.#starts.add(number, this.#line.load, settled);
  }

  #calling(call: PendingCall): number {
    this.#home.exportCall(call);
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

  #add4(kind: number, id: number | string, about: unknown, value: unknown): void {
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

  #addMessage(kind: number, id: number, call: number | undefined, message: unknown): void {
    if (this.#isLost) return;
    if (this.#binaries.length > 0) this.#binaries.length = 0;
    const { pulse } = this.#home.shard.scheduler;
    // A sender that is terminated must not leave half a signal behind.
    const before = pulse.shut();
    try {
      this.#added(this.#outbox.addMessage(kind, id, call, message));
    } finally {
      pulse.open(before);
    }
  }

  #add(signal: readonly unknown[]): void {
    if (this.#isLost) return;
    if (this.#binaries.length > 0) this.#binaries.length = 0;
    const { pulse } = this.#home.shard.scheduler;
    const before = pulse.shut();
    try {
      this.#added(this.#outbox.add(signal));
    } finally {
      pulse.open(before);
    }
  }

  #added(enough: boolean): void {
    if (this.#binaries.length > 0) {
      // Before the signal they belong to can be seen there.
      for (const bytes of this.#binaries) this.#line.handInBinary(bytes);
      this.#binaries.length = 0;
    }
    if (enough) this.flush();
    const { scheduler } = this.#home.shard;
    scheduler.want();
    if (this.#outbox.waiting <= BUSY_BYTES) return;
    this.flush();
    const { shard } = this.#home;
    if (scheduler.current === undefined) {
      if (this.#outbox.waiting > BUSY_BYTES) shard.behind = this;
    } else if (this.hold(scheduler.current)) {
      scheduler.endTurn();
    }
  }

  /** The other side may be behind: who goes on sending waits then, as on a busy port of the BEAM. */
  hold(process: Process): boolean {
    if (this.#held.has(process) || this.#outbox.waiting <= BUSY_BYTES) return false;
    this.#held.add(process);
    process.suspensions += 1;
    return true;
  }

  // Signals from there.

  #carryOutAll(count: number): void {
    const { values } = this.#inbox;
    for (let at = 0; at < count;) {
      const first = values[at];
      if (typeof first === "number") {
        const last = first === Kind.Call ? at + 3 : at + 2;
        const message = values[last];
        values[last] = undefined;
        this.#carryOutMessage(first, values[at + 1] as number, values[at + 2], message);
        at = last + 1;
      } else {
        values[at] = undefined;
        this.#carryOut(first as readonly unknown[]);
        at += 1;
      }
    }
  }

  /** The same for a signal that has come by itself. */
  carryOutOne(kind: number, id: number, third: unknown, fourth: unknown): void {
    if (kind <= Kind.Call) this.#carryOutMessage(kind, id, third, fourth);
    else this.#carryOut([kind, id, third, fourth]);
  }

  #carryOutMessage(kind: number, id: number, call: unknown, message: unknown): void {
    if (kind === Kind.Reply) return this.#home.answer(id, message);
    const process = this.#home.local(id);
    if (kind === Kind.Cast) process?.deliverFrozen(CAST, message);
    else if (kind === Kind.Message) process?.deliverFrozen(undefined, message);
    else process?.deliverFrozen(new RemoteRef(this, call as number), message);
  }

  #carryOut(signal: readonly unknown[]): void {
    const [kind, id, third, fourth] = signal as [number, number, unknown, unknown];
    switch (kind) {
      case Kind.Stop:
        return this.#home.local(id)?.deliver(STOP, third);
      case Kind.System:
        return this.#home
          .local(id)
          ?.deliver(SYSTEM, new RemoteSystemCall(this, third as number, fourth as SystemRequest));
      case Kind.Refusal:
        return this.#home.refuse(id, fourth instanceof Error ? fourth : new Error(String(fourth)));
      case Kind.Alias:
        return this.#toAlias(id, third);
      case Kind.Exit:
        return this.#home.local(id)?.exit(third as Pid, fourth);
      case Kind.Link:
        return this.#links.linked(id, third as Pid);
      case Kind.Unlink:
        return this.#links.unlink(id, third as Pid);
      case Kind.Unlinked:
        return this.#links.unlinked(id, third as number);
      case Kind.LinkBroken:
        return this.#links.broken(id, third as Pid, fourth);
      case Kind.Watch:
        return this.#watch(id);
      case Kind.Gone:
        return this.#gone(id, fourth);
      case Kind.Start:
        return this.startAsked(id, third as RemoteStart, fourth);
      case Kind.Started:
        return this.#started(id, third as boolean, fourth);
      case Kind.Said:
        return this.said(id as unknown as string, third, fourth);
      case Kind.Context:
        return contextArrival.came?.(this.#home.local(id), third);
      case Kind.NameIs:
        return this.nameIs(id, third as Pid | undefined);
    }
  }

  startAsked(start: number, what: RemoteStart, arg: unknown): void {
    startHere(this, this.#home.shard, start, what, arg);
  }

  said(name: string, head: unknown, body: unknown): void {
    this.#home.hear(name, head, body, this.number);
  }

  /** Only nodes are asked for names: shards know them all. */
  nameIs(_asked: number, _pid: Pid | undefined): void {}

  #toAlias(id: number, message: unknown): void {
    const ref = this.#home.refOf(this.#home.shard.number, id);
    if (ref instanceof Monitor) sendToAlias(ref, message);
  }

  #watch(id: number): void {
    const process = this.#home.local(id);
    if (process === undefined) return this.sendGone(id, "noproc");
    this.#tellReason(process.pid);
  }

  /** Somebody there watches a process of this shard. */
  #tellReason(pid: Pid): void {
    this.#home.exportPid(pid);
    this.#known.set(pid.id, true);
  }

  #gone(id: number, reason: ExitReason): void {
    const standIn = this.#standIns.get(id)?.process;
    if (standIn instanceof RemoteProcess) standIn.ended(reason, "noproc");
  }

  #started(start: number, ok: boolean, value: unknown): void {
    this.#starts.end(start, ok ? { ok, pid: value as Pid } : { ok, reason: value });
    this.#home.shard.scheduler.resumed();
  }
}
