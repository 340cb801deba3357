import { inspect } from "node:util";

/** Every error the runtime raises: `%s` and `%v`, for what came, are filled in order. `docs/errors.md` explains each. */
export const runtimeErrors = {
  ROOKERY_BADARG: "Expected %s, got %v",
  ROOKERY_SHUT_DOWN: "Expected a runtime that runs for the start of %s, but it was shut down",
  ROOKERY_SHARD_IMPORT:
    "Expected a module that another shard imports to define servers only, but it starts a runtime: %s",
  ROOKERY_NOPROC: "Expected a living process as the destination of a %s, but there is none at %s",
  ROOKERY_NAME_TAKEN: "Expected the name %s to be free for %s, but %s",
  ROOKERY_CALL_TIMEOUT: "Expected %s to reply within %s ms, but it did not (request: %s)",
  ROOKERY_CALLING_SELF: "Expected a call to another process, but %s called itself",
  ROOKERY_CALL_EXIT: "Expected a reply from %s, but it exited with %s (request: %s)",
  ROOKERY_NODE_BYTES: "Expected a node to send what nodes send, but it sent %s",
  ROOKERY_NODE_DOWN: "Expected the node of %s to be connected, but it is not (request: %s)",
  ROOKERY_EXIT: "Expected exit(%s) to end the process, but it was caught",
  ROOKERY_START_FAILED: "Expected %s to start, but its init ended with %s",
  ROOKERY_STOP_TIMEOUT: "Expected %s to terminate within %s ms, but it is still terminating",
  ROOKERY_BAD_RETURN: "Expected %s to return one of:%s\ngot %v",
  ROOKERY_BAD_ACTION: "Expected the actions of %s to be of:%s\ngot %v",
  ROOKERY_MESSAGE: "Expected a value that can be frozen, got %v as %s (%s)",
  ROOKERY_FROZEN: "Expected %s to stay as it was when it was sent, but it was to be changed",
  ROOKERY_NO_CALLBACK: "Expected %s to have the callback %s for the message %s, but it has none",
  ROOKERY_RECEIVING: "Expected one receive at a time in %s, but a receive is already waiting",
  ROOKERY_TASK_TIMEOUT: "Expected the task %s to finish within %s ms, but it did not",
  ROOKERY_TASK_EXIT: "Expected a value from the task %s, but it exited with %s",
  ROOKERY_CPU_FUNCTION: "Expected %s to export the function %s, but that is %s there",
  ROOKERY_CPU_VALUE: "Expected %s of %s to be something that threads can exchange, but %s",
  ROOKERY_CPU_THREAD: "Expected a value from %s, but its thread ended: %s",
  ROOKERY_NO_REGISTRY: "Expected a running %s under the name %s, but there is none",
  ROOKERY_SHARD_STALLED:
    "Expected shard %s to go on within the time it has, but code outside of any handler held it",
  ROOKERY_NO_MODULE:
    "Expected the class %s to name its module, as static readonly module = import.meta.url, but it names %s",
  ROOKERY_NO_SERVER_CLASS: "Expected the class %s among the exports of %s, but it is not there",
  ROOKERY_NOT_COPYABLE: "Expected a message that can be copied to another shard, but %s is %s",
  ROOKERY_NAMES_FULL: "Expected room for the name %s, but names take %s bytes already, all they may",
  ROOKERY_NOT_SUSPENDED: "Expected %s to be suspended before its code is changed, but it is running",
  ROOKERY_CODE_CHANGE: "Expected the code of %s to change with ok(state) from codeChange, but it came to %s",
  ROOKERY_SIMULATION: "Expected a run of simulate({ seed: %s }) without a failure, but it failed with %s",
  ROOKERY_SYS_CALLBACK: "Expected the function to answer the new state of %s, but it failed with %s",
} as const;

export type RuntimeErrorCode = keyof typeof runtimeErrors;

/**
 * The class of every error that Rookery raises on purpose. Match on `code`, never on the text: texts may
 * change, codes are stable and explained in `docs/errors.md`.
 */
export class RookeryError extends Error {
  override readonly name: string = "RookeryError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * An exit that can be caught: what a failed call, a failed await or `self.exit(reason)` throws.
 * Uncaught, it ends its process with `reason` itself, not with the error (class `exit` of Erlang).
 */
export class ExitError extends RookeryError {
  override readonly name: string = "ExitError";
  readonly reason: unknown;

  constructor(code: string, message: string, reason: unknown) {
    super(code, message);
    this.reason = reason;
  }
}

/** `start` and `startLink` reject with it: `reason` is what OTP has in `{error, Reason}`, or `"ignore"`. */
export class StartError extends RookeryError {
  override readonly name: string = "StartError";
  readonly reason: unknown;

  constructor(message: string, reason: unknown, cause: unknown = reason) {
    super("ROOKERY_START_FAILED", message, cause instanceof Error ? { cause } : undefined);
    this.reason = reason;
  }
}

/** The text of a code with its places filled; values that are not strings are inspected, briefly. */
export function errorText(code: RuntimeErrorCode, ...values: unknown[]): string {
  return filledText(runtimeErrors[code], values);
}

/** `template` with its places filled in order: `%s` by words, `%v` by a value as it stands in code, `"5"` for a string. */
export function filledText(template: string, values: readonly unknown[]): string {
  let next = 0;
  return template.replace(/%[sv]/g, (place) => {
    const value = values[next++];
    return place === "%v" && typeof value === "string" ? inspected(value) : brief(value);
  });
}

export function runtimeError(code: RuntimeErrorCode, ...values: unknown[]): RookeryError {
  return new RookeryError(code, errorText(code, ...values));
}

/** A value in one short line, as error texts and crash reports show it. */
export function brief(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return value instanceof Error ? `${value.name}: ${value.message}` : inspected(value);
  } catch {
    // It says itself how it is shown, and throws. Who reports a failure must not fail of it.
    return `a value of type ${typeof value} that can't be shown`;
  }
}

function inspected(value: unknown): string {
  const text = inspect(value, {
    depth: 3,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 10,
    maxStringLength: 200,
  });
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}
