import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasRedis, type RedisServer, startRedis } from "../../support/redis-server.ts";
import { type PresenceNode, startPresenceNode } from "./presence-node.ts";
import { until } from "./redis-places.ts";

const program = fileURLToPath(new URL("presence-node.ts", import.meta.url));

/** A node in a process of its own. */
interface NodeProcess {
  readonly child: ChildProcess;
  readonly lines: string[];
}

describe.skipIf(!hasRedis)("Presence on nodes that a real Redis connects", () => {
  let redis: RedisServer;
  let nodes: PresenceNode[];
  let processes: NodeProcess[];
  beforeEach(async () => {
    redis = await startRedis();
    [nodes, processes] = [[], []];
  });
  afterEach(async () => {
    for (const { child } of processes) child.kill("SIGKILL");
    for (const node of nodes) if (node.runtime.whereis("tree") !== undefined) await node.stop();
    await redis[Symbol.asyncDispose]();
  });

  async function start(name: string, downPeriodMs?: number): Promise<PresenceNode> {
    const node = await startPresenceNode(redis.url, name, downPeriodMs);
    nodes.push(node);
    return node;
  }

  async function startProcess(name: string): Promise<NodeProcess> {
    const child = spawn(process.execPath, [program, redis.url, name], { stdio: ["pipe", "pipe", "inherit"] });
    const lines: string[] = [];
    createInterface(child.stdout).on("line", (line) => lines.push(line));
    const started = { child, lines };
    processes.push(started);
    await until(() => lines.includes("ready"), `${name} is ready`);
    return started;
  }

  function see(node: PresenceNode, ...keys: string[]): Promise<void> {
    return until(() => node.present().join() === keys.join(), `${keys.join()} are present`);
  }

  test("who comes and goes on one node comes and goes on all", async () => {
    const [a, b] = [await start("a"), await start("b")];
    const pid = await a.track("ann");
    await b.track("bob");
    await see(a, "ann", "bob");
    await see(b, "ann", "bob");
    const late = await start("late");
    await see(late, "ann", "bob");
    a.runtime.exit(pid, "kill");
    for (const node of [a, b, late]) await see(node, "bob");
  });

  test("a node that stops in order takes its presences along at once", async () => {
    const [a, b] = [await start("a"), await start("b", 1_000_000)];
    await a.track("ann");
    await see(b, "ann");
    await a.stop();
    await see(b);
  });

  test("a process that is killed loses its presences after the down period", async () => {
    const a = await start("a");
    const other = await startProcess("other");
    await a.track("ann");
    await see(a, "ann", "other");
    other.child.kill("SIGKILL");
    await see(a, "ann");
  });

  test("while Redis is away nodes lose each other; when it is back they agree again on who is there", async () => {
    const [a, b] = [await start("a"), await start("b")];
    const gone = await a.track("gone");
    await b.track("bob");
    await see(a, "bob", "gone");
    await see(b, "bob", "gone");
    await redis.kill();
    await see(a, "gone");
    await see(b, "bob");
    a.runtime.exit(gone, "kill");
    await a.track("ann");
    await b.track("ben");
    await redis.restart();
    await see(a, "ann", "ben", "bob");
    await see(b, "ann", "ben", "bob");
  });

  test("nodes that started without Redis meet when it is there", async () => {
    await redis.kill();
    const [a, b] = [await start("a"), await start("b")];
    await a.track("ann");
    await b.track("bob");
    await redis.restart();
    await see(a, "ann", "bob");
    await see(b, "ann", "bob");
  });

  test("processes hear each other's broadcasts and see each other's presences, until one ends", async () => {
    const a = await start("a");
    const [one, two] = await Promise.all([startProcess("one"), startProcess("two")]);
    await see(a, "one", "two");
    one.child.stdin!.write("hello from one\n");
    two.child.stdin!.write("hello from two\n");
    for (const { lines } of [one, two])
      await until(
        () => lines.includes('"hello from one"') && lines.includes('"hello from two"'),
        "both have heard both",
      );
    const ended = once(two.child, "exit");
    two.child.stdin!.end();
    expect(await ended).toEqual([0, null]);
    await see(a, "one");
  });
});
