import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Latencies } from "./load.ts";

export async function connections(host: string, port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = connect({ host, port, noDelay: true });
    await once(socket, "connect");
    sockets.push(socket);
  }
  return sockets;
}

/** A request as bytes, made once: what it costs to write one is not measured. */
export function requestBytes(method: string, path: string, headers: object, body: string = ""): Buffer {
  const all = {
    host: "bench",
    accept: "application/json",
    ...(body === "" ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** How many bytes the answer takes, undefined while its head is not there. */
function answerSize(answer: Buffer): number | undefined {
  const headEnd = answer.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = answer.toString("latin1", 0, headEnd);
  if (!head.startsWith("HTTP/1.1 20")) throw new Error(`the server answered ${head}`);
  return headEnd + 4 + Number(/content-length: (\d+)/i.exec(head)![1]);
}

/** Sends the same request `total` times. Each connection has one under way: the next leaves when its answer is there. */
export function requestLoop(
  sockets: readonly Socket[],
  request: Buffer,
  total: number,
  latencies: Latencies,
): Promise<void> {
  return new Promise((resolve) => {
    let toSend = total;
    let toCome = total;
    for (const socket of sockets) {
      let rest: Buffer = Buffer.alloc(0);
      let sentMs = 0;
      const next = (): void => {
        if (toSend === 0) return;
        toSend -= 1;
        sentMs = performance.now();
        socket.write(request);
      };
      socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        const size = answerSize(rest);
        if (size === undefined || rest.length < size) return;
        rest = rest.subarray(size);
        latencies.add(sentMs);
        toCome -= 1;
        if (toCome === 0) resolve();
        else next();
      });
      next();
    }
  });
}
