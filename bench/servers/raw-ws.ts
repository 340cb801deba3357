import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";

// As little as a server of these cases can do on `ws`: no processes, no supervision, no checks. A broadcast is framed once
// and its bytes are written to each socket.
const topics = new Map<string, Set<Duplex>>();

const server = new WebSocketServer({
  host: process.env["HOST"]!,
  port: Number(process.env["PORT"]),
  perMessageDeflate: false,
});

server.on("connection", (socket, request) => {
  socket.on("message", (data) => {
    const [joinRef, ref, topic, event, payload] = JSON.parse(String(data)) as [
      string,
      string,
      string,
      string,
      unknown,
    ];
    const answer = (response: unknown): void =>
      socket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "ok", response }]));
    if (event === "phx_join") {
      const members = topics.get(topic) ?? new Set();
      topics.set(topic, members.add(request.socket));
      answer({});
    } else if (event === "echo") {
      answer(payload);
    } else if (event === "shout") {
      const framed = textFrame(JSON.stringify([null, null, topic, event, payload]));
      for (const member of topics.get(topic)!) member.write(framed);
    }
  });
});

server.on("listening", () => console.log(`raw ws on port :${process.env["PORT"]}`));

/** Of at most 65,535 bytes. */
function textFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const header =
    body.length < 126
      ? Buffer.from([0x81, body.length])
      : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
  return Buffer.concat([header, body]);
}
