import { Addressee } from "./addressee.ts";
import type { Behaviour } from "./behaviour.ts";
import type { ExitHook } from "./exit-observer.ts";
import { propagateExit, sendExit } from "./exit-signal.ts";
import type { Few } from "./few.ts";
import { deepFreeze } from "./freeze.ts";
import type { ExitReason } from "./exit-reason.ts";
import { Mailbox, type MessageTag } from "./mailbox.ts";
import type { Monitor } from "./monitor.ts";
import { Pid } from "./pid.ts";
import type { ProcessDictionary } from "./process-dictionary.ts";
import { ProcessState } from "./process-state.ts";
import type { Receiver } from "./receive.ts";
import type { Shard } from "./shard.ts";
import type { Starting } from "./start.ts";
import type { Suspension } from "./suspension.ts";
import type { Timer } from "./timer-wheel.ts";

// Own constants: see ProcessState.
const { Waiting: WAITING, Exited: EXITED, Blocked: BLOCKED } = ProcessState;
export const Priority = { High: 0, Normal: 1, Low: 2 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** An exit that waits until the process has left the code that it is running. */
export interface PendingExit {
  readonly reason: ExitReason;
}

/**
 * One process: its mailbox, its relations to others, and where it stands. A plain record: `exit-signal.ts`, `link.ts`,
 * `monitor.ts` and the behaviours act on it, and `ProcessHandle` is what its own code gets to see of it.
 */
export class Process extends Addressee {
  readonly pid: Pid;
  readonly mailbox: Mailbox;
  /** Its neighbours in the shard's list of processes, which is in the order of their start. */
  older: Process | undefined = undefined;
  younger: Process | undefined = undefined;
  state: ProcessState = WAITING;
  /** Stands in the run queue. A blocked process may stand there too, to be resumed or to exit. */
  queued = false;
  trapExit = false;
  priority: Priority = Priority.Normal;
  reductions = 0;
  /** Changed only by `sys`, which puts itself in front of it for a while. */
  behaviour: Behaviour;
  /** What the behaviour runs: a body, or the instance of a server. */
  instance: unknown;
  /** What an asynchronous callback has come to, until the process's next turn applies it. */
  outcome: unknown = undefined;
  /** The receive that waits in this process. */
  receiver: Receiver | undefined = undefined;
  name: string | undefined = undefined;
  /** Who started it with a link. */
  parent: Pid | undefined = undefined;
  /** The start that waits for its init. */
  starting: Starting | undefined = undefined;
  pendingExit: PendingExit | undefined = undefined;
  /** The newest of the monitors that this process holds; the others hang on it. */
  held: Monitor | undefined = undefined;
  /** References of its own, known on other shards, to which can be sent: nobody here may hold on to them. */
  aliases: Set<Monitor> | undefined = undefined;
  /** The timeout of a server that waits for its next message. */
  idleTimer: Timer | undefined = undefined;
  exitHooks: Few<ExitHook> = undefined;
  dictionary: ProcessDictionary | undefined = undefined;
  ancestors: readonly (Pid | string)[];
  ancestorsOfChildren: readonly (Pid | string)[] | undefined = undefined;
  label: unknown = undefined;
  /** How often it is suspended, by whomever: it has no turn until that is 0. */
  suspensions = 0;
  /** The processes that it has suspended. */
  suspending: Map<Process, Suspension> | undefined = undefined;

  constructor(
    shard: Shard,
    id: number,
    behaviour: Behaviour,
    instance: unknown,
    spawner: Addressee | undefined,
  ) {
    super(shard);
    this.pid = new Pid(shard.number, id, this);
    this.mailbox = new Mailbox();
    this.behaviour = behaviour;
    this.instance = instance;
    this.ancestors = spawner === undefined ? NO_ANCESTORS : ancestorsOfChild(spawner);
  }

  /** Puts a message in the mailbox and wakes the process if it waits for one. */
  deliver(tag: MessageTag, message: unknown): void {
    if (this.state === EXITED) return;
    // In this order: a sender that is terminated in between must not leave a message behind that wakes nobody.
    if (this.state === WAITING && !this.queued) this.shard.scheduler.schedule(this);
    this.mailbox.push(tag, message);
  }

  deliverFrozen(tag: MessageTag, message: unknown): void {
    if (this.shard.freezeMessages) deepFreeze(message);
    this.deliver(tag, message);
  }

  exit(from: Pid, reason: ExitReason): void {
    sendExit(from, this, reason);
  }

  linkBroken(from: Pid, reason: ExitReason): void {
    propagateExit(from, this, reason);
  }

  linked(_from: Pid): void {}

  unlinked(_from: Pid): void {}

  monitored(): void {}
}

/** The living process that `pid` names, if it is one of this shard. */
export function residentOf(pid: Pid): Process | undefined {
  return pid.process instanceof Process ? pid.process : undefined;
}

/** Leaves the code of `process` waiting for a promise, or for the message of its receive. */
export function park(process: Process): void {
  if (process.receiver === undefined) {
    process.state = BLOCKED;
    return;
  }
  process.state = WAITING;
  const { mailbox } = process;
  if (mailbox.length > mailbox.saved && !process.queued) process.shard.scheduler.schedule(process);
}

const NO_ANCESTORS: readonly (Pid | string)[] = [];

/** `'$ancestors'` of proc_lib: a registered parent stands there by its name. One list for all children of a parent. */
function ancestorsOfChild(parent: Addressee): readonly (Pid | string)[] {
  if (!(parent instanceof Process)) return [parent.pid];
  const own = parent.name ?? parent.pid;
  if (parent.ancestorsOfChildren?.[0] !== own)
    parent.ancestorsOfChildren = Object.freeze([own, ...parent.ancestors]);
  return parent.ancestorsOfChildren!;
}
