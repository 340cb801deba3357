import type { FastifyRequest } from "fastify";
import { Token, type VerifyResult } from "../../channels/index.ts";
import type { Clock } from "../../runtime/index.ts";
import { apiError } from "../errors.ts";
import type { EndpointState, RunningEndpoint } from "./running-endpoint.ts";

const SECRET_BYTES_MIN = 20;

type SignOptions = Omit<Parameters<typeof Token.sign>[3], "clock">;
type VerifyOptions = Omit<Parameters<typeof Token.verify>[3], "clock">;

/** Whose secret and whose time count: an endpoint, or that which a request came to. */
export type TokenContext = RunningEndpoint | FastifyRequest;

/** What an endpoint signs with. Throws ROOKERY_ENDPOINT_OPTION, naming `user`, if it has no secret. */
export function endpointSecret(
  endpoint: RunningEndpoint | undefined,
  user: string,
): { readonly secretKeyBase: string; readonly clock: Clock } {
  const state = endpoint as EndpointState | undefined;
  const secretKeyBase = state?.options.secretKeyBase ?? "";
  if (state === undefined || Buffer.byteLength(secretKeyBase) < SECRET_BYTES_MIN) {
    const expected = `a secretKeyBase of at least ${SECRET_BYTES_MIN} bytes for ${user}`;
    throw apiError("ROOKERY_ENDPOINT_OPTION", expected, secretKeyBase === "" ? "none" : "a shorter one");
  }
  return { secretKeyBase, clock: state.runtime.clock };
}

/**
 * `Token` with the secret of an endpoint and the time of its runtime: `Phoenix.Token` with an endpoint, or a conn, as context.
 *
 * ```ts
 * create(request: FastifyRequest) {
 *   return { token: EndpointToken.sign(request, "user socket", { user_id: 7 }, { maxAge: 3_600 }) };
 * }
 * ```
 */
export const EndpointToken: {
  sign(context: TokenContext, salt: string, data: unknown, options?: SignOptions): string;
  verify(
    context: TokenContext,
    salt: string,
    token: string | null | undefined,
    options?: VerifyOptions,
  ): VerifyResult;
  encrypt(context: TokenContext, salt: string, data: unknown, options?: SignOptions): string;
  decrypt(
    context: TokenContext,
    salt: string,
    token: string | null | undefined,
    options?: VerifyOptions,
  ): VerifyResult;
} = {
  sign(context, salt, data, options) {
    const { secretKeyBase, clock } = secretOf(context);
    return Token.sign(secretKeyBase, salt, data, { ...options, clock });
  },
  verify(context, salt, token, options) {
    const { secretKeyBase, clock } = secretOf(context);
    return Token.verify(secretKeyBase, salt, token, { ...options, clock });
  },
  encrypt(context, salt, data, options) {
    const { secretKeyBase, clock } = secretOf(context);
    return Token.encrypt(secretKeyBase, salt, data, { ...options, clock });
  },
  decrypt(context, salt, token, options) {
    const { secretKeyBase, clock } = secretOf(context);
    return Token.decrypt(secretKeyBase, salt, token, { ...options, clock });
  },
};

function secretOf(context: TokenContext): ReturnType<typeof endpointSecret> {
  return endpointSecret("headers" in context ? context.server.endpoint : context, "tokens");
}
