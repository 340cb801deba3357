import { randomBytes } from "node:crypto";
import type { Clock } from "../../runtime/index.ts";
import { Token } from "../token.ts";

/** Where a session is: the place, as its PubSub calls it, and the topic that the session alone subscribes to there. */
export interface SessionRoute {
  readonly nodeName: string;
  readonly topic: string;
}

/** With what the tokens of one mount are signed, the same wherever the mount is. */
export interface SessionSecret {
  readonly secretKeyBase: string;
  readonly salt: string;
  /** In seconds. */
  readonly maxAge: number;
  readonly clock: Clock;
}

/** What a client says of its session. `sent` is a token that this mount has made at some time, `route` where it leads, if it still does. */
export interface ReadToken {
  readonly sent: boolean;
  readonly route: SessionRoute | undefined;
}

const ROUTE_BYTES = 16;

/** A route that nobody can guess. */
export function newRoute(nodeName: string, clock: Clock): SessionRoute {
  const unguessable = randomBytes(ROUTE_BYTES).toString("base64");
  return { nodeName, topic: `phx:lp:${unguessable}${Math.trunc(clock.systemTimeMs())}` };
}

/** What the client shows with each request from then on. It is signed: a client reaches no topic but that of its session. */
export function sessionToken({ nodeName, topic }: SessionRoute, secret: SessionSecret): string {
  const { secretKeyBase, salt, maxAge, clock } = secret;
  return Token.sign(secretKeyBase, salt, ["v1", nodeName, topic], { clock, maxAge });
}

/** Reads what a client has sent as its token. Never throws. */
export function readSessionToken(token: unknown, secret: SessionSecret): ReadToken {
  if (typeof token !== "string") return { sent: false, route: undefined };
  const { secretKeyBase, salt, maxAge, clock } = secret;
  const result = Token.verify(secretKeyBase, salt, token, { clock, maxAge });
  if (!result.ok) return { sent: result.reason === "expired", route: undefined };
  const [version, nodeName, topic] = Array.isArray(result.data) ? (result.data as unknown[]) : [];
  if (version !== "v1" || typeof nodeName !== "string" || typeof topic !== "string")
    return { sent: false, route: undefined };
  return { sent: true, route: { nodeName, topic } };
}
