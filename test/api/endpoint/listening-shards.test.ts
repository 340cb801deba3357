import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type ListenOptions, Server } from "node:net";
import { describe, onTestFinished, test, vi } from "vitest";
import { endpointUrl } from "../../../api/endpoint/endpoint.ts";
import { listenOnEveryShard } from "../../../api/endpoint/listening-shards.ts";
import { nameOn, type Pid, Runtime, type StartError } from "../../../runtime/index.ts";
import { CapturedLog } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { PlaceTree } from "./place-tree.ts";

interface Started {
  readonly runtime: Runtime;
  readonly root: Pid;
  readonly log: CapturedLog;
}

/** Ends what hangs, and only that: a busy machine takes its time to start anew. */
const LONG = { timeout: 120_000 };

async function startOn(shards: number, port: number = 0): Promise<Started> {
  const log = new CapturedLog();
  const runtime = await Runtime.start({ shards, logger: log });
  onTestFinished(() => runtime.shutdown());
  const children = [listenOnEveryShard(PlaceTree, { port })];
  const root = await runtime.start(Supervisor, { strategy: "one_for_one", children });
  return { runtime, root, log };
}

/** The shard that takes a new connection. */
async function place(url: string): Promise<number> {
  const response = await fetch(url, { headers: { connection: "close" } });
  return ((await response.json()) as { place: number }).place;
}

/** Resolves when each of the shards has taken a connection. */
async function taken(url: string, ...places: readonly number[]): Promise<void> {
  const seen = new Set<number>();
  while (!places.every((wanted) => seen.has(wanted))) seen.add(await place(url).catch(() => -1));
}

/** A program that listens on a port of its own, until the test is over. */
async function otherProgram(options: ListenOptions): Promise<number> {
  const server = createServer().listen({ host: "127.0.0.1", ...options });
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

describe("listenOnEveryShard", () => {
  test("lets each shard take connections on one port, also if the system has chosen it", async () => {
    const { runtime } = await startOn(2);
    await taken(await endpointUrl(runtime), 0, 1);
  });

  test("keeps the port, whatever of it is killed", async () => {
    const { runtime, root } = await startOn(2);
    const url = await endpointUrl(runtime);
    const acceptor = nameOn(1, "endpoint.acceptor");
    const before = runtime.whereis(acceptor) as Pid;
    runtime.exit(before, "kill");
    await vi.waitUntil(
      () => ![undefined, before].includes(runtime.whereis(acceptor) as Pid | undefined),
      LONG,
    );
    await taken(url, 0, 1);

    const [shards] = await Supervisor.whichChildren(runtime, root);
    runtime.exit(shards!.pid as Pid, "kill");
    await vi.waitUntil(async () => (await endpointUrl(runtime).catch(() => undefined)) === url, LONG);
    await taken(url, 0, 1);
  });

  test.for([
    ["alone", false],
    ["and shares its ports, too", true],
  ] as const)("does not start where another program listens %s", async ([_, reusePort]) => {
    const port = await otherProgram({ port: 0, reusePort });
    await assert.rejects(startOn(2, port), (error: StartError) => {
      let reason = error.reason;
      while (Array.isArray(reason)) reason = reason.at(-1);
      assert.equal((reason as { code: string }).code, "ROOKERY_LISTEN");
      assert.match((reason as Error).message, /another program listens there already$/);
      return true;
    });
  });

  test("shares its port with nobody where there is one shard", async () => {
    const { runtime } = await startOn(1);
    const url = await endpointUrl(runtime);
    const { port } = new URL(url);
    await assert.rejects(otherProgram({ port: Number(port), reusePort: true }), { code: "EADDRINUSE" });
    assert.equal(await place(url), 0);
  });

  test("lets the first shard accept for all where the system has no shared ports, and says so", async () => {
    const { listen } = Server.prototype;
    const spy = vi.spyOn(Server.prototype, "listen").mockImplementation(function (this: Server, ...args) {
      if ((args[0] as ListenOptions).reusePort !== true) return listen.apply(this, args as never);
      queueMicrotask(() => this.emit("error", Object.assign(new Error("no"), { code: "ENOTSUP" })));
      return this;
    });
    onTestFinished(() => spy.mockRestore());
    const { runtime, log } = await startOn(2);
    const url = await endpointUrl(runtime);
    assert.equal(runtime.whereis(nameOn(1, "endpoint.acceptor")), undefined);
    assert.equal(await place(url), 0);
    const line = await log.line(({ level }) => level === "warn");
    assert.equal(
      line.message,
      "This system has no shared ports: the first shard accepts the connections for all",
    );
  });
});
