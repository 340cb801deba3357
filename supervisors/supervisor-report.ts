import type { Logger, Pid, Self } from "../runtime/index.ts";
import { brief, isLogged } from "../runtime/internal.ts";
import type { CompleteChildSpec } from "./child-spec.ts";
import { supervisorRestart } from "./telemetry.ts";

/** What a supervisor reports of a child, in OTP's words, and in a sentence. */
const CONTEXTS = {
  child_terminated: "terminated",
  start_error: "failed to start",
  shutdown_error: "did not shut down as told",
  shutdown: "was restarted too often, the supervisor gives up",
} as const;

export type ReportContext = keyof typeof CONTEXTS;

/** A child as reports show it. */
export interface Offender {
  readonly spec: CompleteChildSpec;
  readonly pid: Pid | "restarting" | undefined;
}

/** The reports of one supervisor. */
export class SupervisorReport {
  readonly supervisor: string;
  readonly #logger: Logger;

  constructor(self: Self) {
    // Asked once, while it has no children: asking costs as much as a process has links.
    this.supervisor = String(self.info(self.pid)?.registeredName ?? self.pid);
    this.#logger = self.runtime.logger;
  }

  /** What became of a child: `supervisor`, `context`, `reason` and `offender`, as in the reports of OTP's supervisor. */
  child(context: ReportContext, reason: unknown, offender: Offender): void {
    const fields = {
      supervisor: this.supervisor,
      context,
      reason: reason instanceof Error ? reason : brief(reason),
      err: reason instanceof Error ? reason : undefined,
      offender: describe(offender),
    };
    const sentence = `Child ${offender.spec.id} of supervisor ${this.supervisor} ${CONTEXTS[context]}: ${brief(reason)}`;
    this.#logger.error(fields, sentence);
  }

  /** A child is about to be started again. */
  restart({ spec }: Offender): void {
    if (!supervisorRestart.enabled) return;
    const { supervisor } = this;
    supervisorRestart.execute({ count: 1 }, { supervisor, id: spec.id, server: serverOf(spec) });
  }

  /** A child runs. At debug level. */
  progress(started: Offender): void {
    if (!isLogged(this.#logger, "debug")) return;
    this.#logger.debug({ supervisor: this.supervisor, started: describe(started) }, "Child started");
  }

  /** A message that no supervisor expects; it is dropped. */
  unexpected(message: unknown): void {
    const fields = { supervisor: this.supervisor, message: brief(message) };
    this.#logger.error(fields, `Supervisor ${this.supervisor} dropped a message that it did not expect`);
  }
}

function describe({ spec, pid }: Offender): object {
  const { id, restart, shutdown, type, significant } = spec;
  return { pid: pid && String(pid), id, server: serverOf(spec), restart, shutdown, type, significant };
}

function serverOf({ start }: CompleteChildSpec): string {
  return typeof start === "function" ? start.name : start[0].name;
}
