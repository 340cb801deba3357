import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { reportLoad } from "./load.ts";

// http.ts HOST PORT PROTOCOL PATH CONNECTIONS REQUESTS
const [host = "", port = "", , path = "", connections = "", requests = ""] = process.argv.slice(2);

const request = Buffer.from(
  `GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\naccept: application/json\r\n\r\n`,
);
const sockets: Socket[] = [];
for (let index = 0; index < Number(connections); index += 1) {
  const socket = connect({ host, port: Number(port), noDelay: true });
  await once(socket, "connect");
  sockets.push(socket);
}

/** How many bytes the answer takes, undefined while its head is not there. */
function answerSize(answer: Buffer): number | undefined {
  const headEnd = answer.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = answer.toString("latin1", 0, headEnd);
  if (!head.startsWith("HTTP/1.1 200")) throw new Error(`the server answered ${head}`);
  return headEnd + 4 + Number(/content-length: (\d+)/i.exec(head)![1]);
}

/** Each connection has one request under way: the next leaves when its answer is there. */
await reportLoad(
  Math.ceil(Number(requests) / 3),
  Number(requests),
  (total, latencies) =>
    new Promise((resolve) => {
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
    }),
);
