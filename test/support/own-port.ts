import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that a system hands out by itself, to clients and to servers that ask for any. */
const FIRST = 20_000;
const PORTS = 12_000;
const PORTS_PER_PROCESS = 16;

let taken = 0;

/**
 * A port for a server that is to come back on it: nobody is given it by chance while nothing listens there, neither a server nor a client,
 * which could even be connected with itself.
 */
export async function ownPort(): Promise<number> {
  for (;;) {
    const port = FIRST + ((process.pid * PORTS_PER_PROCESS + (taken % PORTS_PER_PROCESS)) % PORTS);
    taken += 1;
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await once(probe.listen(port, "127.0.0.1"), "listening");
  } catch {
    return false;
  }
  await new Promise((resolve) => probe.close(resolve));
  return true;
}
