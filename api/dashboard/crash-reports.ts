import { attachTelemetry, detachTelemetry, type Self } from "../../runtime/index.ts";
import { onProcessExit, type ProcessCrashed, processCrashed } from "../../runtime/internal.ts";
import { shownText } from "./shown.ts";
import { LastSeen, type SeenSince } from "./watches.ts";

const TEXT_LENGTH_MAX = 300;
const STACK_LENGTH_MAX = 900;
const FIELD_LENGTH_MAX = 300;

/** A crash report, as far as it is shown. */
export interface CrashReport {
  readonly text: string;
  readonly pid: string;
  readonly stack: string;
  readonly lastMessage: string;
  readonly state: string;
  readonly mailbox: number;
}

/** So many were started on this thread. */
let started = 0;

/** The last crash reports of this shard, from the start on. */
export class CrashReports {
  readonly #last: LastSeen<CrashReport>;

  constructor(self: Self) {
    const { runtime } = self;
    const last = new LastSeen<CrashReport>(self);
    this.#last = last;
    const id = `rookery.dashboard.crashes.${(started += 1)}`;
    attachTelemetry(id, [processCrashed], (_measurements, crashed: ProcessCrashed) => {
      // Several runtimes may live on one thread.
      if (crashed.runtime === runtime) last.add(reportOf(crashed));
    });
    onProcessExit(self.pid, () => detachTelemetry(id));
  }

  since(n: number): SeenSince<CrashReport> {
    return this.#last.since(n);
  }
}

function reportOf({ text, report }: ProcessCrashed): CrashReport {
  const { err, pid, lastMessage, state, mailbox } = report;
  return {
    text: shownText(text, TEXT_LENGTH_MAX),
    pid: String(pid),
    stack: shownText(err instanceof Error ? (err.stack ?? "") : "", STACK_LENGTH_MAX),
    lastMessage: shownText(String(lastMessage ?? ""), FIELD_LENGTH_MAX),
    state: shownText(String(state ?? ""), FIELD_LENGTH_MAX),
    mailbox: Number(mailbox),
  };
}
