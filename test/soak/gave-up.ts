import type { Logger } from "rookery";
import { MOUNT } from "./soak-shard.ts";

/** Logs nothing, and keeps which supervisors have given up. */
export class GaveUp implements Logger {
  readonly reports: string[] = [];

  isLevelEnabled(level: string): boolean {
    return level === "error";
  }

  debug(): void {}

  info(): void {}

  warn(): void {}

  error(fields: object, message: string): void {
    if ((fields as { readonly context?: unknown }).context === "shutdown") this.reports.push(message);
  }
}

/** Those who give up though they allow for as many restarts as faults can bring. The supervisor of a socket mount allows for three. */
export function gaveUpUnduly({ reports }: GaveUp): string[] {
  return reports.filter((report) => !report.includes(`supervisor ${MOUNT} `));
}
