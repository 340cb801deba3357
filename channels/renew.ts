import { inspect } from "node:util";
import { Accepted, Refused } from "./channel-returns.ts";
import { Socket } from "./socket.ts";

/** Meanwhile its connection does nothing else, and what comes for it waits. */
const RENEW_MS = 10_000;

/**
 * Asks the application whether a client whose time is over may stay. Its socket with more time, or undefined if the connection
 * ends: there is no `renew`, it refuses, it throws, it takes longer than 10 s, or it gives no more time. Never rejects.
 */
export async function renewedSocket(socket: Socket): Promise<Socket | undefined> {
  const { handler, runtime } = socket;
  if (handler.renew === undefined) return undefined;
  const late = Promise.withResolvers<never>();
  const timer = runtime.clock.setTimer(RENEW_MS, () =>
    late.reject(new Error(`it took longer than ${RENEW_MS} ms`)),
  );
  let returned: unknown;
  try {
    returned = await Promise.race([handler.renew(socket), late.promise]);
  } catch (error) {
    runtime.logger.error({ err: error, id: socket.id }, `The renew of ${handler.name} failed`);
    return undefined;
  } finally {
    timer.cancel();
  }
  if (returned instanceof Refused) return undefined;
  const renewed = returned instanceof Accepted ? returned.socket : undefined;
  if (renewed instanceof Socket && renewed.expiresAtMs! > runtime.clock.systemTimeMs())
    return renewed as Socket;
  runtime.logger.error(
    { returned: inspect(returned, { depth: 2 }) },
    `Expected the renew of ${handler.name} to return error(), or ok(socket) with a socket that expires later: the client is disconnected`,
  );
  return undefined;
}
