import { once } from "node:events";
import { clientFrame, FrameSocket } from "./frame-socket.ts";
import { wireProtocols } from "./wire-protocol.ts";

// crowd.ts HOST PORT LOCAL_ADDRESS SOCKETS: joins with all of them, says so, and says when each has got what is shouted. Shouts when told to.
const [host = "", port = "", localAddress = "", sockets = ""] = process.argv.slice(2);
const OPENING_AT_ONCE = 50;
/** Opening them all may take longer than a server lets a silent client stay. */
const HEARTBEAT_MS = 20_000;
const TOPIC = "bench:crowd";

const { path, ...wire } = wireProtocols["phoenix"]!;
const connections: FrameSocket[] = [];
let toOpen = Number(sockets);
let toCome = toOpen;

function received(frame: Buffer): void {
  if (!frame.includes('"shout"')) return;
  toCome -= 1;
  if (toCome > 0) return;
  toCome = connections.length;
  process.send!("all have it");
}

async function open(): Promise<void> {
  while (toOpen > 0) {
    toOpen -= 1;
    const connection = await FrameSocket.open(host, Number(port), path, localAddress);
    await wire.join(connection, TOPIC);
    connection.onFrame = received;
    connections.push(connection);
  }
}

const heartbeat = clientFrame([null, "0", "phoenix", "heartbeat", {}]);
setInterval(() => {
  for (const connection of connections) connection.write(heartbeat);
}, HEARTBEAT_MS);

await Promise.all(Array.from({ length: OPENING_AT_ONCE }, open));

process.send!("all joined");

for (;;) {
  const [message] = (await once(process, "message")) as [string];
  if (message === "shout") connections[0]!.write(wire.shout(TOPIC));
}
