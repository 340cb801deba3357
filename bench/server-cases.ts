import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchCase } from "./bench-case.ts";
import { idleCase, loadCase, type MeasuredServer } from "./load-case.ts";

const oneShard: MeasuredServer = { name: "Rookery", file: "../test/support/wire-server.ts" };

// The load client has the other core: what counts is the server's CPU for each operation, not how many there are a second.
const twoShards: MeasuredServer = { name: "2 shards", file: oneShard.file, env: () => ({ SHARDS: "2" }) };

const twoServers: MeasuredServer = { ...oneShard, name: "2 servers", processes: 2 };

const socketServers: MeasuredServer[] = [
  oneShard,
  twoShards,
  { name: "raw ws", file: "./servers/raw-ws.ts" },
  { name: "Socket.IO", file: "./servers/socket-io.ts", protocol: "socket.io" },
];

const demo: MeasuredServer = {
  name: "Rookery",
  file: "../demo/server.ts",
  env: () => ({
    DATABASE_PATH: join(mkdtempSync(join(tmpdir(), "rookery-bench-")), "demo.db"),
    SECRET_KEY_BASE: randomBytes(48).toString("base64"),
  }),
};

const silentDemo: MeasuredServer = {
  name: "Rookery, no log",
  file: demo.file,
  env: () => ({ ...demo.env!(), LOG_LEVEL: "warn" }),
};

const httpServers: MeasuredServer[] = [
  demo,
  silentDemo,
  { name: "Fastify with its log", file: "./servers/bare-fastify.ts", env: () => ({ LOG: "1" }) },
  { name: "bare Fastify", file: "./servers/bare-fastify.ts" },
  { name: "bare node:http", file: "./servers/bare-http.ts" },
];

/** With the same database, and a commit for each order. */
const orderServers: MeasuredServer[] = [
  demo,
  silentDemo,
  { name: "Fastify with its log", file: "./servers/bare-orders.ts", env: () => ({ LOG: "1" }) },
  { name: "bare Fastify", file: "./servers/bare-orders.ts" },
];

/** The same server on a thread that also runs processes which never have done. */
const floodedServers = ["none", "queue", "self"].map((flood): MeasuredServer => ({
  name: { none: "nothing else", queue: "a million queued", self: "sends to itself" }[flood]!,
  file: "./servers/flooded.ts",
  env: () => ({ FLOOD: flood }),
}));

/** The same list: what a request for a page costs, however far back that is. */
const pageServers = ["10000", "1"].map((page): MeasuredServer => ({
  name: `page ${page}`,
  file: "./servers/pages.ts",
  env: () => ({ PAGE: page }),
}));

const ROUNDS = 30;

/** The cases of a server and a load client. */
export const serverCases: readonly BenchCase[] = [
  loadCase("echo", "echo", "echoes", socketServers, {
    file: "./clients/sockets.ts",
    args: ["echo", "100", "20000", "1"],
    rounds: ROUNDS,
  }),
  // So many that each of two shards finds as much to do in a turn of its event loop as one would. With the client they are three threads, which
  // share the caches of what may be two cores: so do two servers that have nothing in common but that.
  loadCase("echo-400", "echo", "echoes", [twoShards, { ...oneShard, name: "1 shard" }, twoServers], {
    file: "./clients/sockets.ts",
    args: ["echo", "400", "20000", "1"],
    rounds: ROUNDS,
  }),
  // After some thousand joins V8 still compiles what a join runs. A server alone, as what it costs depends on how many are there.
  loadCase("join", "connection that joins", "joins", socketServers, {
    file: "./clients/sockets.ts",
    args: ["join", "30000", "10000", "50"],
  }),
  idleCase(socketServers, {
    file: "./clients/sockets.ts",
    // Few to warm up: the memory that they leave behind is there for those that are measured.
    args: ["join", "500", "10000", "50"],
  }),
  // What one broadcast goes through fits in the second-level cache of most processors for the first, hardly for the second, and not
  // at all for the third. A server alone, for a socket that only listens is closed after a minute.
  ...[100, 1_000, 10_000].map((sockets) =>
    loadCase(`broadcast-${sockets}`, "delivery", "deliveries", socketServers, {
      file: "./clients/sockets.ts",
      args: ["broadcast", String(sockets), "1500000", "1"],
    }),
  ),
  loadCase("broadcast-burst", "delivery", "deliveries", socketServers, {
    file: "./clients/sockets.ts",
    args: ["broadcast", "1000", "600000", "200"],
  }),
  loadCase("healthz", "request", "requests", httpServers, {
    file: "./clients/http.ts",
    args: ["/healthz", "50", "4000"],
    rounds: ROUNDS,
  }),
  loadCase("products", "request", "requests", orderServers, {
    file: "./clients/http.ts",
    args: ["/api/v1/products", "50", "2000"],
    rounds: ROUNDS,
  }),
  loadCase("http-orders", "order", "orders", orderServers, {
    file: "./clients/orders.ts",
    args: ["64", "1000"],
    rounds: ROUNDS,
  }),
  loadCase("http-page", "request", "requests", pageServers, {
    file: "./clients/http.ts",
    args: ["/page", "50", "1000"],
    rounds: ROUNDS,
  }),
  // Alone: a flooded one never rests.
  loadCase("fairness", "request", "requests", floodedServers, {
    file: "./clients/http.ts",
    args: ["/healthz", "4", "5000"],
  }),
];
