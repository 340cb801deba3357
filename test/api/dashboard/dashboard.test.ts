import { describe, expect, test } from "vitest";
import { defineEndpoint } from "../../../api/endpoint/endpoint.ts";
import { defineRouter } from "../../../api/router/router.ts";
import {
  GenServer,
  noReply,
  type NoReply,
  ok,
  type Ok,
  type Pid,
  Registry,
  sys,
  Table,
} from "../../../runtime/index.ts";
import { broadcastTo } from "../../../channels/index.ts";
import { DynamicSupervisor, Supervisor } from "../../../supervisors/index.ts";
import { eventually, observed, type Observed, TOKEN } from "./observed.ts";
import { connected } from "../../support/phoenix-client.ts";

interface Row {
  readonly pid: string;
  readonly key: number;
  readonly shard: number;
  readonly id: number;
  readonly name?: string;
  readonly mailbox: number;
  readonly behaviour: string;
}
interface PageAnswer {
  readonly rows: readonly Row[];
  readonly total: number;
  readonly rest: number;
}
interface Seen<Item> {
  readonly last: number;
  readonly seen: readonly { readonly n: number; readonly item: Item }[];
}

class Shelf extends GenServer<{ count: number; password: string }, never, unknown> {
  init(count: number): Ok<{ count: number; password: string }> {
    return ok({ count, password: "hunter2" });
  }

  override handleCast(request: unknown): NoReply {
    if (request === "crash") throw new Error("the shelf broke, password: 'hunter2'");
    this.state.count += 1;
    return noReply();
  }
}

/** Plain processes that wait. */
function crowd({ runtime }: Observed, count: number): Pid[] {
  return Array.from({ length: count }, () => runtime.spawn(async (self) => void (await self.receive())));
}

describe("the page", () => {
  test("is served with its scripts, for everybody, and runs nothing that was written into it", async () => {
    const { url } = await observed();
    const page = await fetch(`${url}/dashboard`);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    const html = await page.text();
    const paths = [...html.matchAll(/(?:src|href)="(\/dashboard\/[^"#]+)"/g)].map(([, path]) => path!);
    expect(paths.length).toBeGreaterThan(2);
    for (const path of [...paths, "/dashboard/vendor/phoenix.mjs", "/dashboard/vendor/uplot.js"])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 200]);
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style="| on\w+="/);
  });

  test("is not there without a token", async () => {
    const { url, runtime } = await observed(1, false);
    expect((await fetch(`${url}/dashboard`)).status).toBe(404);
    expect(runtime.whereis("endpoint.observer")).toBeUndefined();
  });

  test("is refused a token that can be guessed, and unknown options", () => {
    const define = (dashboard: object): unknown =>
      defineEndpoint({ router: defineRouter(() => []), pubsub: "p", dashboard: dashboard as never });
    expect(() => define({ token: "short" })).toThrow("at least 20 bytes");
    expect(() => define({ token: TOKEN, path: "/x" })).toThrow("only known names in dashboard");
  });
});

describe("a session", () => {
  test("is given for the token, and for nothing else", async () => {
    const system = await observed();
    const answer = await system.session();
    expect(answer.status).toBe(200);
    for (const wrong of ["", `${TOKEN}x`, 7, undefined, { $ne: "" }])
      expect((await system.session(wrong as string)).status).toBe(wrong === undefined ? 200 : 401);
    expect(JSON.stringify(system.log.lines)).not.toContain(TOKEN);
    const { session } = (await answer.json()) as { session: string };
    const check = (bearer: string): Promise<Response> =>
      fetch(`${system.url}/dashboard/session`, { headers: { authorization: `Bearer ${bearer}` } });
    expect((await check(session)).status).toBe(204);
    expect((await check(TOKEN)).status).toBe(401);
  });

  test("is refused to an address that has shown ten wrong tokens, the right one included", async () => {
    const system = await observed();
    for (let n = 0; n < 10; n += 1) expect((await system.session("a guess")).status).toBe(401);
    for (const token of ["a guess", TOKEN]) {
      const answer = await system.session(token);
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    }
  });

  test("is what the socket asks for: without one it is refused", async () => {
    const { url } = await observed();
    const socket = `${url.replace("http", "ws")}/dashboard/socket`;
    await expect(connected(socket, {}, "wrong")).rejects.toThrow("closed");
    await expect(connected(socket, { token: TOKEN })).rejects.toThrow("closed");
  });
});

describe("processes", () => {
  test("come in pages, sorted, each once, until there are no more", async () => {
    const system = await observed();
    const pids = crowd(system, 1_200);
    for (const [index, pid] of pids.entries()) if (index % 100 === 0) system.runtime.exit(pid, "kill");
    const page = await system.page();
    const pagesOf = async (query: object): Promise<Row[]> => {
      const rows: Row[] = [];
      for (;;) {
        const last = rows.at(-1);
        const after = last && { key: last.key, shard: last.shard, id: last.id };
        const answer = await page.ask<PageAnswer>("processes", { ...query, limit: 100, after });
        rows.push(...answer.rows);
        if (answer.rest === 0) return rows;
      }
    };
    const rows = await pagesOf({ sort: "age" });
    const own = new Set(rows.map(({ pid }) => pid));
    expect(own.size).toBe(rows.length);
    for (const pid of pids) expect(own.has(String(pid))).toBe(system.runtime.isAlive(pid));
  });

  test("with the fullest mailboxes stand first, and are found by name, behaviour and state", async () => {
    const system = await observed();
    crowd(system, 50);
    const busy = system.runtime.spawn(async (self) => void (await self.receive(() => false)));
    system.runtime.register("busy", busy);
    for (let n = 0; n < 30; n += 1) system.runtime.send(busy, n as never);
    const page = await system.page();
    const { rows } = await page.ask<PageAnswer>("processes", { sort: "mailbox", limit: 3 });
    expect(rows[0]).toMatchObject({ name: "busy", mailbox: 30 });
    const found = await page.ask<PageAnswer>("processes", { search: "BUSY" });
    expect(found.rows.map(({ pid }) => pid)).toEqual([String(busy)]);
    await system.runtime.start(Shelf, 1);
    const shelves = await page.ask<PageAnswer>("processes", { search: "shelf" });
    expect(shelves.rows.map(({ behaviour }) => behaviour)).toEqual(["Shelf"]);
    expect((await page.ask<PageAnswer>("processes", { search: "suspended" })).total).toBe(0);
  });

  test("of all shards stand in one list, and each can be looked at", async () => {
    const system = await observed(2);
    const page = await system.page();
    const { rows } = await page.ask<PageAnswer>("processes", { search: "observer", limit: 100 });
    const far = await eventually(
      () => page.ask<PageAnswer>("processes", { search: "observer", limit: 100 }),
      (answer) => new Set(answer.rows.map(({ shard }) => shard)).size === 2,
    );
    expect(far.rows.length).toBeGreaterThanOrEqual(rows.length);
    for (const { pid } of far.rows)
      expect(await page.ask("process", { pid })).toMatchObject({ pid, behaviour: "Observer" });
    const { shards } = await page.ask<{ shards: { place: number }[] }>("overview");
    expect(shards.map(({ place }) => place)).toEqual([0, 1]);
  });

  test("are shown with state, links, monitors and messages, without secrets", async () => {
    const system = await observed();
    const { runtime } = system;
    const shelf = await runtime.start(Shelf, 7, { name: "shelf" });
    runtime.spawn(async (self) => {
      self.link(shelf);
      self.monitor(shelf);
      await self.receive();
    });
    const page = await system.page();
    const details = await eventually(
      () => page.ask<Record<string, unknown>>("process", { pid: String(shelf) }),
      ({ links }) => (links as { count: number }).count === 1,
    );
    expect(details).toMatchObject({
      name: "shelf",
      behaviour: "Shelf",
      traceable: true,
      monitoredBy: { count: 1 },
    });
    expect(details["state"]).toContain("count: 7");
    expect(details["state"]).not.toContain("hunter2");
    expect(await page.ask("process", { pid: "<0.99999999>" })).toEqual({ gone: true });
    expect(await page.ask("process", { pid: "<9.1>" })).toEqual({ gone: true });
  });

  test("are shown in few words, however much there is to say of them", async () => {
    const system = await observed();
    const { runtime } = system;
    const shelf = await runtime.start(Shelf, 1, { name: "s".repeat(10_000) });
    const names = Array.from({ length: 1_000 }, (_, index) => `${index} ${"x".repeat(1_000)}`);
    await sys.replaceState(runtime, shelf, (state) => ({ ...state, names }));
    const others = crowd(system, 300);
    runtime.spawn(async (self) => {
      for (const other of others) self.link(other);
      self.setLabel({ names });
      await self.receive();
    });
    const page = await system.page();
    const size = async (event: string, payload: object): Promise<number> =>
      JSON.stringify(await page.ask(event, payload)).length;
    const { rows } = await page.ask<PageAnswer>("processes", { sort: "memory", limit: 100 });
    expect(rows).toHaveLength(100);
    expect(await size("processes", { sort: "memory", limit: 100 })).toBeLessThan(200_000);
    for (const { pid } of [{ pid: String(shelf) }, rows[0]!])
      expect(await size("process", { pid })).toBeLessThan(200_000);
    const root = await runtime.start(DynamicSupervisor, {});
    for (let n = 0; n < 120; n += 1)
      await DynamicSupervisor.startChild(runtime, root, { id: `child ${n}`, start: [Shelf, n] });
    interface Tree {
      branches: { count: number; children: unknown[] }[];
    }
    const { branches } = await page.ask<Tree>("tree", { open: [String(root)] });
    expect(branches.map(({ count, children }) => [count, children.length])).toEqual([[120, 100]]);
  });

  test("are traced while somebody looks, and no longer when it is switched off", async () => {
    const system = await observed();
    const shelf = await system.runtime.start(Shelf, 1);
    const pid = String(shelf);
    const page = await system.page();
    expect(await page.ask("trace", { pid, on: true })).toEqual({ on: true });
    system.runtime.cast(shelf, { token: "t-123", book: "Emma" });
    const { trace } = await eventually(
      () => page.ask<{ trace: Seen<string> }>("process", { pid, since: 0 }),
      (details) => details.trace.last >= 2,
    );
    const text = trace.seen.map(({ item }) => item).join("\n");
    expect(text).toContain("Emma");
    expect(text).not.toContain("t-123");
    expect(await page.ask("trace", { pid, on: false })).toEqual({ on: false });
    const after = await page.ask<{ trace?: unknown }>("process", { pid });
    expect(after.trace).toBeUndefined();
  });

  test("are killed, suspended and resumed, and the log says so", async () => {
    const system = await observed();
    const { runtime, log } = system;
    const shelf = await runtime.start(Shelf, 1);
    const pid = String(shelf);
    const page = await system.page();
    const status = async (): Promise<unknown> =>
      (await page.ask<{ status: string }>("process", { pid })).status;
    expect(await page.ask("act", { pid, action: "suspend" })).toEqual({ result: "done" });
    expect(await status()).toBe("suspended");
    expect(await page.ask("act", { pid, action: "resume" })).toEqual({ result: "done" });
    expect(await status()).toBe("waiting");
    expect(await page.ask("act", { pid, action: "kill" })).toEqual({ result: "done" });
    expect(runtime.isAlive(shelf)).toBe(false);
    expect(await page.ask("act", { pid, action: "kill" })).toEqual({ result: "gone" });
    const actions = log.lines.flatMap(({ message }) => (message.startsWith("Dashboard: ") ? [message] : []));
    expect(actions).toEqual(["suspend", "resume", "kill"].map((action) => `Dashboard: ${action} ${pid}`));
  });
});

describe("the supervision tree", () => {
  test("shows who supervises whom, and how often each was started again", async () => {
    const system = await observed();
    const { runtime } = system;
    const root = await runtime.start(Supervisor, {
      strategy: "one_for_one",
      children: [{ id: "shelf", start: [Shelf, 1], name: "shelf" }],
    });
    const page = await system.page();
    const pid = String(root);
    interface Tree {
      roots: { pid: string }[];
      branches: {
        pid: string;
        strategy: string;
        children: { id: string; pid: string; restarts: number }[];
      }[];
    }
    const tree = (): Promise<Tree> => page.ask<Tree>("tree", { open: [pid] });
    const before = await eventually(tree, ({ roots }) => roots.some((one) => one.pid === pid));
    const [child] = before.branches[0]!.children;
    expect(before.branches).toMatchObject([{ pid, strategy: "one_for_one", count: 1 }]);
    expect(child).toMatchObject({ id: "shelf", restarts: 0, pid: String(runtime.whereis("shelf")) });
    await page.ask("act", { pid: child!.pid, action: "kill" });
    const after = await eventually(tree, ({ branches }) => branches[0]!.children[0]!.restarts === 1);
    expect(after.branches[0]!.children[0]!.pid).toBe(String(runtime.whereis("shelf")));
    expect(after.branches[0]!.children[0]!.pid).not.toBe(child!.pid);
  });
});

describe("sockets", () => {
  test("are listed, and a tap shows their frames, without secrets", async () => {
    const system = await observed();
    const client = await system.client("room:1");
    const page = await system.page();
    const { rows } = await page.ask<PageAnswer>("processes", { kind: "socket", search: "echosocket" });
    expect(rows).toHaveLength(1);
    const { pid } = rows[0]!;
    expect(await page.ask("tap", { pid })).toMatchObject({ last: 0 });
    await client.ask("say", { body: "hello", password: "hunter2" });
    broadcastTo(system.runtime, "test.pubsub", "room:1", "news", { body: "to all" });
    interface Frame {
      direction: string;
      topic: string;
      event: string;
      payload: string;
    }
    const { seen } = await eventually(
      () => page.ask<Seen<Frame>>("tap", { pid }),
      ({ last }) => last >= 3,
    );
    expect(seen.map(({ item: { direction, topic, event } }) => [direction, topic, event])).toEqual([
      ["in", "room:1", "say"],
      ["out", "room:1", "phx_reply"],
      ["out", "room:1", "news"],
    ]);
    expect(seen[0]!.item.payload).toContain("hello");
    expect(JSON.stringify(seen)).not.toContain("hunter2");
    await page.ask("untap", { pid });
    await client.ask("say", { body: "unseen" });
    expect(JSON.stringify(await page.ask("tap", { pid }))).not.toContain("unseen");
  });
});

describe("what else there is", () => {
  test("topics with their subscriptions, tables and registries with their rows", async () => {
    const system = await observed();
    await system.client("room:1");
    await system.runtime.start(Registry, { keys: "unique" }, { name: "books" });
    const holder = system.runtime.spawn(async (self) => {
      Registry.register(self, "books", "emma", { apiKey: "k-1" });
      Table.new(self, { name: "shelves", access: "public" }).insert(self, ["top", 3]);
      await self.receive();
    });
    const page = await system.page();
    const topics = await page.ask("topics", { search: "room" });
    expect(topics).toMatchObject({
      lists: [{ kind: "PubSub", name: "test.pubsub", shard: 0, topics: [{ topic: "room:1", count: 1 }] }],
    });
    const { stores } = await eventually(
      () => page.ask<{ stores: { name: string; size: number; owner: string }[] }>("stores"),
      (answer) => answer.stores.length === 2,
    );
    expect(stores).toMatchObject([
      { kind: "table", name: "shelves", size: 1, owner: String(holder) },
      { kind: "registry", name: "books", size: 1 },
    ]);
    const rows = (kind: string, name: string): Promise<object> => page.ask("rows", { shard: 0, kind, name });
    expect(JSON.stringify(await rows("table", "shelves"))).toContain("top");
    const registered = JSON.stringify(await rows("registry", "books"));
    expect(registered).toContain("emma");
    expect(registered).not.toContain("k-1");
  });

  test("crash reports from before the page was opened, and telemetry from then on", async () => {
    const system = await observed();
    const shelf = await system.runtime.start(Shelf, 1);
    system.runtime.cast(shelf, "crash");
    const page = await system.page();
    const { reports } = await eventually(
      () => page.ask<{ reports: { item: { text: string } }[] }>("crashes"),
      (crashes) => crashes.reports.length > 0,
    );
    expect(reports[0]!.item.text).toContain("the shelf broke");
    expect(JSON.stringify(reports)).not.toContain("hunter2");
    await page.ask("telemetry");
    await system.client("room:1");
    const { events } = await page.ask<{ events: { event: string; count: number }[] }>("telemetry");
    expect(events).toContainEqual({ event: "phoenix.channel_joined", count: 1 });
  });
});

describe("the channel", () => {
  test("refuses what it does not know", async () => {
    const page = await (await observed()).page();
    await expect(page.ask("constructor")).rejects.toThrow("unknown event");
    for (const payload of [{ limit: 101 }, { limit: 0 }, { sort: "x" }, { search: "x".repeat(201) }])
      await expect(page.ask("processes", payload)).rejects.toThrow("invalid request");
    await expect(page.ask("act", { pid: "<0.1>", action: "explode" })).rejects.toThrow("invalid request");
  });

  test("is back after a kill, and so is the observer: nothing but the page knew anything", async () => {
    const system = await observed();
    const page = await system.page();
    const { rows } = await page.ask<PageAnswer>("processes", { kind: "channel" });
    const rejoined = new Promise<void>((resolve) => {
      page.channel.onError(() => resolve());
    });
    page.channel.push("act", { pid: rows[0]!.pid, action: "kill" });
    await rejoined;
    expect((await page.ask<PageAnswer>("processes", {})).total).toBeGreaterThan(0);
    const { runtime } = system;
    runtime.exit("endpoint.observer", "kill");
    expect((await page.ask<PageAnswer>("processes", {})).total).toBeGreaterThan(0);
  });
});
