import type { ExitReason } from "../../runtime/index.ts";

/** The close code that tells a client why its transport process ended. None but 1000 keeps clients from coming back. */
export function closeCode(reason: ExitReason): number {
  if (reason === "normal") return 1000;
  if (reason === "shutdown") return 1012;
  if (!Array.isArray(reason) || reason[0] !== "shutdown") return 1011;
  if (reason[1] === "disconnected") return 1001;
  if (reason[1] === "inactive") return 1002;
  if (reason[1] === "slow_consumer") return 1013;
  if (reason[1] === "expired") return 3000;
  return applicationCode(reason[1]) ?? 1012;
}

/** Of `["close", code]`: those that RFC 6455 leaves to libraries and applications. */
function applicationCode(detail: unknown): number | undefined {
  if (!Array.isArray(detail) || detail[0] !== "close") return undefined;
  const code: unknown = detail[1];
  return Number.isInteger(code) && (code as number) >= 3000 && (code as number) <= 4999
    ? (code as number)
    : undefined;
}
