import type { ExitReason } from "../../runtime/index.ts";

/** The close code that tells a client why its transport process ended. None but 1000 keeps clients from coming back. */
export function closeCode(reason: ExitReason): number {
  if (reason === "normal") return 1000;
  if (reason === "shutdown") return 1012;
  if (!Array.isArray(reason) || reason[0] !== "shutdown") return 1011;
  if (reason[1] === "disconnected") return 1001;
  if (reason[1] === "inactive") return 1002;
  return 1012;
}
