import { repoError, UnavailableError } from "./errors.ts";

/**
 * What has gone wrong below SQL, as an error of the repo: a full disk, a lock that another program holds, a disk that
 * fails, a file that is damaged. Undefined for an error of the query itself, such as a broken constraint.
 */
export function faultOf(error: unknown): Error | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  const { code, message } = error;
  if (code === "SQLITE_FULL") return new UnavailableError("ROOKERY_REPO_DISK_FULL", [message], error);
  if (code.startsWith("SQLITE_BUSY")) return new UnavailableError("ROOKERY_REPO_BUSY", [message], error);
  if (isDamage(code)) return repoError("ROOKERY_REPO_CORRUPT", [message], error);
  if (code.startsWith("SQLITE_IOERR") || code.startsWith("SQLITE_CANTOPEN"))
    return new UnavailableError("ROOKERY_REPO_DISK", [`${message} (${code})`], error);
  return undefined;
}

/** Whether the file is damaged, or was never a database. */
export function isCorrupt(error: unknown): boolean {
  return error instanceof Error && "code" in error && isDamage(String(error.code));
}

function isDamage(code: string): boolean {
  return code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB";
}
