import { Token, type VerifyResult } from "../../channels/index.ts";
import type { Clock } from "../../runtime/index.ts";
import type { CompleteSessionOptions } from "./session-options.ts";

/** What a cookie holds. */
export interface OpenedSession {
  readonly data: Map<string, unknown>;
  /** It was sealed with a secret that is used no more. */
  readonly isOutdated: boolean;
}

/** Turns sessions into the values of cookies and back: signed, or encrypted too. */
export class SessionCookie {
  readonly #secrets: readonly string[];
  readonly #salt: string;
  readonly #encrypted: boolean;
  readonly #tokenOptions: { readonly clock: Clock; readonly maxAge: number };

  constructor(
    { salt, encrypted, previousSecretKeyBases, maxAge }: CompleteSessionOptions,
    { secretKeyBase, clock }: { readonly secretKeyBase: string; readonly clock: Clock },
  ) {
    this.#secrets = [secretKeyBase, ...previousSecretKeyBases];
    this.#salt = salt;
    this.#encrypted = encrypted;
    this.#tokenOptions = { clock, maxAge };
  }

  /** Throws ROOKERY_TERM for data that is not plain. */
  seal(data: ReadonlyMap<string, unknown>): string {
    const seal = this.#encrypted ? Token.encrypt : Token.sign;
    return seal(this.#secrets[0]!, this.#salt, data, this.#tokenOptions);
  }

  /** Undefined for what was changed or is too old. */
  open(value: string): OpenedSession | undefined {
    const open = this.#encrypted ? Token.decrypt : Token.verify;
    for (const secret of this.#secrets) {
      const result: VerifyResult = open(secret, this.#salt, value, this.#tokenOptions);
      if (!result.ok) continue;
      const { data } = result;
      if (typeof data !== "object" || data === null) return undefined;
      return { data: new Map(Object.entries(data)), isOutdated: secret !== this.#secrets[0] };
    }
    return undefined;
  }
}
