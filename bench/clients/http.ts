import { reportLoad } from "./load.ts";
import { connections, requestBytes, requestLoop } from "./request-loop.ts";

// http.ts HOST PORT PROTOCOL PATH CONNECTIONS REQUESTS
const [host = "", port = "", , path = "", count = "", requests = ""] = process.argv.slice(2);

const request = requestBytes("GET", path, {});
const sockets = await connections(host, Number(port), Number(count));

await reportLoad(Math.ceil(Number(requests) / 3), Number(requests), (total, latencies) =>
  requestLoop(sockets, request, total, latencies),
);
