import { AssertionError } from "node:assert";
import { isOrderly } from "../../runtime/internal.ts";
import type { Pace } from "./pace.ts";
import { describeReceived, type Received } from "./received.ts";
import { fits, type Wanted } from "./wanted.ts";

/** A failure shows so many of the things that came last. */
const SHOWN_MAX = 20;
/** What has to be there but isn't may still be on its way from outside of the runtime. */
const GRACE_MS = 100;

/** All that has come to a test and was not asserted yet, the oldest first. */
export class Inbox {
  readonly #pace: Pace;
  readonly #trapExit: boolean;
  readonly #received: Received[] = [];
  /** The ends of channels of which the test doesn't know yet. */
  readonly #crashes = new Set<Received>();

  constructor(pace: Pace, trapExit: boolean) {
    this.#pace = pace;
    this.#trapExit = trapExit;
  }

  add(received: Received): void {
    this.#received.push(received);
    if (received.kind === "exit" && !this.#trapExit && !isOrderly(received.payload))
      this.#crashes.add(received);
  }

  /** Throws for a channel that has crashed without being expected to; once for each. */
  raiseCrash(): void {
    const [crash] = this.#crashes;
    if (crash === undefined) return;
    this.#crashes.delete(crash);
    const error = new AssertionError({
      message: `Expected the channel to live, or its end to be asserted (assertExit) or trapped (trapExit: true), got: ${describeReceived(crash)}`,
      stackStartFn: this.raiseCrash,
    });
    error.cause = crash.payload;
    throw error;
  }

  /** Takes what is wanted out, as soon as it is there; throws if it does not come within `ms`. */
  async expect(wanted: Wanted, ms: number): Promise<Received> {
    let found: Received | undefined;
    // Of a channel that has crashed nothing more is to be expected.
    const isOver = (): true | undefined =>
      (found = this.#take(wanted)) !== undefined || this.#crashes.size > 0 ? true : undefined;
    await this.#pace.until(isOver, ms, GRACE_MS);
    if (found !== undefined) {
      this.#crashes.delete(found);
      return found;
    }
    this.raiseCrash();
    throw this.#failure(`Expected a ${wanted.what} within ${ms} ms, got none`, wanted);
  }

  /** Throws if what is not wanted is there, or comes within `ms`. */
  async refute(wanted: Wanted, ms: number): Promise<void> {
    await this.#pace.pass(ms);
    this.raiseCrash();
    const found = this.#received.find((received) => fits(wanted, received));
    if (found !== undefined)
      throw this.#failure(`Expected no ${wanted.what}, got: ${describeReceived(found)}`, wanted);
  }

  #take(wanted: Wanted): Received | undefined {
    const at = this.#received.findIndex((received) => fits(wanted, received));
    return at === -1 ? undefined : this.#received.splice(at, 1)[0];
  }

  #failure(message: string, { pattern, isOf }: Wanted): AssertionError {
    const shown = this.#received.slice(-SHOWN_MAX);
    const lines = shown.map((received) => `\n    ${describeReceived(received)}`).join("");
    const left = this.#received.length - shown.length;
    const came =
      shown.length === 0
        ? "Nothing else has come."
        : `What has come and was not asserted${left === 0 ? "" : `, without the first ${left}`}:${lines}`;
    return new AssertionError({
      message: `${message}\n${came}`,
      expected: pattern,
      actual: this.#received.filter((received) => isOf(received)).map(({ payload }) => payload),
      operator: "channelTest",
    });
  }
}
