import { RookeryError, type RuntimeErrorCode } from "./errors.ts";

/** What a callback returned has no meaning. The text lists what has; `reason` is what OTP calls it. */
export class BadReturn extends RookeryError {
  readonly reason: readonly [what: string, value: unknown];

  constructor(code: RuntimeErrorCode, message: string, reason: readonly [what: string, value: unknown]) {
    super(code, message);
    this.reason = reason;
  }
}
