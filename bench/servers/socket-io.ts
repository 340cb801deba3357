import { createServer } from "node:http";
import { Server, type Socket } from "socket.io";

// Socket.IO as its documentation sets it up, without what would only cost it something here: long-polling, pings.
const http = createServer();
const server = new Server(http, {
  transports: ["websocket"],
  serveClient: false,
  pingInterval: 3_600_000,
});

server.on("connection", (socket: Socket) => {
  socket.on("join", async (topic: string, joined: (answer: object) => void) => {
    await socket.join(topic);
    joined({});
  });
  socket.on("echo", (payload: unknown, answer: (payload: unknown) => void) => answer(payload));
  socket.on("shout", (topic: string, payload: unknown) => server.to(topic).emit("shout", payload));
});

const port = Number(process.env["PORT"]);
http.listen(port, process.env["HOST"]!, 4_096, () => console.log(`Socket.IO on port :${port}`));
