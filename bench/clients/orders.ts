import { WISH } from "../workloads/orders-database.ts";
import { reportLoad } from "./load.ts";
import { connections, requestBytes, requestLoop } from "./request-loop.ts";

// orders.ts HOST PORT PROTOCOL CONNECTIONS REQUESTS
const [host = "", port = "", , count = "", requests = ""] = process.argv.slice(2);
const api = `http://${host}:${port}/api/v1`;

async function post(path: string, body: object): Promise<{ readonly data?: { readonly token: string } }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(api + path, { method: "POST", headers, body: JSON.stringify(body) });
  return (await response.json()) as { readonly data?: { readonly token: string } };
}

const ada = { name: "Ada", email: "ada@example.com", password: "correct horse" };
await post("/users", { user: ada });
const token = (await post("/sessions", ada)).data?.token;

const request = requestBytes(
  "POST",
  "/api/v1/orders",
  // A server without users has said nothing.
  token === undefined ? {} : { authorization: `Bearer ${token}` },
  JSON.stringify({ order: { items: [WISH] } }),
);
const sockets = await connections(host, Number(port), Number(count));

await reportLoad(Math.ceil(Number(requests) / 3), Number(requests), (total, latencies) =>
  requestLoop(sockets, request, total, latencies),
);
