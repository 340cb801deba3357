import { clientFrame, clientTextFrame, type FrameSocket } from "./frame-socket.ts";

const payload = { body: "a message of the length that people write" };

/** What a client of a measured server says to it, as frames that are ready to be sent. */
export interface WireProtocol {
  readonly path: string;
  /** Joins the topic; rejects if the server does not let it. */
  join(socket: FrameSocket, topic: string): Promise<void>;
  /** Is answered with its payload. */
  echo(topic: string): Buffer;
  /** Is sent on to all who have joined the topic. */
  shout(topic: string): Buffer;
}

const phoenix: WireProtocol = {
  path: "/socket/websocket?vsn=2.0.0",
  async join(socket, topic) {
    const joined = await socket.ask(clientFrame(["1", "1", topic, "phx_join", {}]));
    if (!joined.includes('"ok"')) throw new Error(`not joined: ${joined}`);
  },
  echo: (topic) => clientFrame(["1", "2", topic, "echo", payload]),
  shout: (topic) => clientFrame(["1", "2", topic, "shout", payload]),
};

/** Packets of Engine.IO 4 (4: a message) that carry those of Socket.IO 5 (0: connect, 2: an event, and the number of its answer). */
const socketIo: WireProtocol = {
  path: "/socket.io/?EIO=4&transport=websocket",
  async join(socket, topic) {
    const connected = await socket.ask(clientTextFrame("40"), 2);
    if (!connected.startsWith("40")) throw new Error(`not connected: ${connected}`);
    const joined = await socket.ask(clientTextFrame(`420${JSON.stringify(["join", topic])}`));
    if (!joined.startsWith("430")) throw new Error(`not joined: ${joined}`);
  },
  echo: () => clientTextFrame(`420${JSON.stringify(["echo", payload])}`),
  shout: (topic) => clientTextFrame(`42${JSON.stringify(["shout", topic, payload])}`),
};

export const wireProtocols: Readonly<Record<string, WireProtocol>> = { phoenix, "socket.io": socketIo };
