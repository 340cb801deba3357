import { clientFrame, FrameSocket } from "./frame-socket.ts";
import { type Latencies, reportLoad } from "./load.ts";

// sockets.ts HOST PORT echo|broadcast SOCKETS OPERATIONS AT_ONCE
const [host = "", port = "", load = "", sockets = "", operations = "", atOnce = ""] = process.argv.slice(2);

const topic = `bench:${load}`;
const payload = { body: "a message of the length that people write" };
const connections: FrameSocket[] = [];
for (let index = 0; index < Number(sockets); index += 1) {
  const connection = await FrameSocket.open(host, Number(port), "/socket/websocket?vsn=2.0.0");
  connection.write(clientFrame(["1", "1", topic, "phx_join", {}]));
  const joined = String(await connection.frame());
  if (!joined.includes('"ok"')) throw new Error(`not joined: ${joined}`);
  connections.push(connection);
}

/** Each socket has one message under way: the next leaves when its echo is there. */
function echo(total: number, latencies: Latencies): Promise<void> {
  const frame = clientFrame(["1", "2", topic, "echo", payload]);
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
function broadcast(total: number, latencies: Latencies): Promise<void> {
  const frame = clientFrame(["1", "2", topic, "shout", payload]);
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

const perRound = connections.length * Number(atOnce);
await reportLoad(Number(operations), (total, latencies) =>
  load === "echo" ? echo(total, latencies) : broadcast(Math.ceil(total / perRound) * perRound, latencies),
);
