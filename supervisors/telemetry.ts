import { type TelemetryEvent, telemetryEvent } from "../runtime/index.ts";

/** What is told of the restart of a child. */
export interface SupervisorRestart {
  /** Its name, or its pid. */
  readonly supervisor: string;
  /** The child that has ended: with other strategies than `one_for_one`, others are started again with it. */
  readonly id: unknown;
  /** The class of the child, or the name of the function that starts it. */
  readonly server: string;
}

/** A child has ended and is about to be started again. */
export const supervisorRestart: TelemetryEvent<{ readonly count: 1 }, SupervisorRestart> = telemetryEvent(
  "rookery.supervisor.restart",
);
