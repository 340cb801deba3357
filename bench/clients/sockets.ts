import { FrameSocket } from "./frame-socket.ts";
import { type Latencies, reportLoad } from "./load.ts";
import { wireProtocols } from "./wire-protocol.ts";

// sockets.ts HOST PORTS PROTOCOL echo|broadcast SOCKETS OPERATIONS AT_ONCE
// sockets.ts HOST PORTS PROTOCOL join WARM_UP OPERATIONS AT_ONCE
// Of several ports, such as 4001,4002, each in turn gets a connection.
const [host = "", portList = "", protocol = "", load = "", sockets = "", operations = "", atOnce = ""] =
  process.argv.slice(2);

const { path, ...wire } = wireProtocols[protocol]!;
const topic = `bench:${load}`;
const ports = portList.split(",").map(Number);
let opened = 0;

async function joined(): Promise<FrameSocket> {
  const connection = await FrameSocket.open(host, ports[opened++ % ports.length]!, path);
  await wire.join(connection, topic);
  return connection;
}

/** Each socket has one message under way: the next leaves when its echo is there. */
function echo(connections: readonly FrameSocket[], total: number, latencies: Latencies): Promise<void> {
  const frame = wire.echo(topic);
  return new Promise((resolve) => {
    let toSend = total;
    let toCome = total;
    for (const connection of connections) {
      let sentMs = 0;
      const next = (): void => {
        if (toSend === 0) return;
        toSend -= 1;
        sentMs = performance.now();
        connection.write(frame);
      };
      connection.onFrame = () => {
        latencies.add(sentMs);
        toCome -= 1;
        if (toCome === 0) resolve();
        else next();
      };
      next();
    }
  });
}

/** One socket sends `atOnce` broadcasts; the next ones leave when every socket has them all. */
function broadcast(connections: readonly FrameSocket[], total: number, latencies: Latencies): Promise<void> {
  const frame = wire.shout(topic);
  const perRound = connections.length * Number(atOnce);
  return new Promise((resolve) => {
    let toCome = total;
    let sentMs = 0;
    const next = (): void => {
      sentMs = performance.now();
      for (let sent = 0; sent < Number(atOnce); sent += 1) connections[0]!.write(frame);
    };
    const received = (): void => {
      toCome -= 1;
      if (toCome % perRound !== 0) return;
      latencies.add(sentMs);
      if (toCome <= 0) resolve();
      else next();
    };
    for (const connection of connections) connection.onFrame = received;
    next();
  });
}

/** So many connections are being opened at any time. All stay open, but for those that only warm up: they are more than fit. */
async function join(total: number, latencies: Latencies, isWarmUp: boolean): Promise<void> {
  let left = total;
  const opening = Array.from({ length: Number(atOnce) }, async () => {
    while (left > 0) {
      left -= 1;
      const startedMs = performance.now();
      const connection = await joined();
      latencies.add(startedMs);
      if (isWarmUp) connection.close();
    }
  });
  await Promise.all(opening);
}

if (load === "join") {
  await reportLoad(Number(sockets), Number(operations), join);
} else {
  const connections: FrameSocket[] = [];
  for (let index = 0; index < Number(sockets); index += 1) connections.push(await joined());
  const perRound = load === "echo" ? 1 : connections.length * Number(atOnce);
  const rounded = Math.ceil(Number(operations) / perRound) * perRound;
  const warmUp = Math.ceil(rounded / perRound / 3) * perRound;
  const operate = load === "echo" ? echo : broadcast;
  await reportLoad(warmUp, rounded, (total, latencies) => operate(connections, total, latencies));
}
