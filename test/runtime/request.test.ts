import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type From,
  GenServer,
  noReply,
  ok,
  type Pid,
  Registry,
  reply,
  ReplyMessage,
  Runtime,
  silentLogger,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;
let server: Pid<Doubling>;
let waiting: From[];

/** Doubles numbers, and keeps the callers of anything else waiting. */
class Doubling extends GenServer<undefined, number | "later"> {
  init(_: undefined) {
    return ok(undefined);
  }
  override handleCall(request: number | "later", from: From) {
    if (request !== "later") return reply(request * 2);
    waiting.push(from);
    return noReply();
  }
}

beforeEach(async () => {
  waiting = [];
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
  server = await runtime.start(Doubling, undefined);
});

afterEach(() => runtime.shutdown());

describe("waitResponse", () => {
  test("answers the reply, of several requests in any order (175)", async () => {
    await runInProcess(runtime, async (self) => {
      const [first, second] = [self.sendRequest(server, 1), self.sendRequest(server, 2)];
      expect(await self.waitResponse(second)).toEqual({ ok: true, reply: 4 });
      expect(await self.waitResponse(first)).toEqual({ ok: true, reply: 2 });
      expect(self.info(self.pid)?.monitors).toEqual([]);
    });
  });

  test("may be tried again when the time was over (175)", async () => {
    await runInProcess(runtime, async (self) => {
      const request = self.sendRequest(server, "later");
      const first = self.waitResponse(request, 50);
      await settle(runtime);
      clock.advance(50);
      expect(await first).toBe(TIMEOUT);
      self.reply(waiting[0]!, 7);
      expect(await self.waitResponse(request, 50)).toEqual({ ok: true, reply: 7 });
    });
  });

  test("answers why there is no reply: nobody is there, or the server died (175)", async () => {
    await runInProcess(runtime, async (self) => {
      const dead = self.spawn(() => {});
      await settle(runtime);
      const named = { name: "nobody", node: runtime.node };
      await self.start(Registry, { keys: "unique" }, { name: "names" });
      const via = Registry.via("names", "nobody");
      for (const [dest, who] of [
        [dead, dead],
        ["nobody", named],
        [via, { name: via, node: runtime.node }],
      ] as const)
        expect(await self.waitResponse(self.sendRequest(dest, "m"))).toEqual({
          ok: false,
          reason: "noproc",
          server: who,
        });
      const request = self.sendRequest(server, "later");
      self.exit(server, "r");
      expect(await self.waitResponse(request)).toEqual({ ok: false, reason: "r", server });
    });
  });

  test("takes nothing else for the response, and finds the reply frozen as any message", async () => {
    await runInProcess(runtime, async (self) => {
      const request = self.sendRequest(server, "later");
      self.send(self.pid, { ref: request });
      await settle(runtime);
      self.reply(waiting[0]!, ["reply"]);
      const response = await self.waitResponse(request);
      expect(response).toEqual({ ok: true, reply: ["reply"] });
      expect(Object.isFrozen(response.ok && response.reply)).toBe(true);
      expect(await self.receive()).toEqual({ ref: request });
    });
  });

  test("refuses what is no request of the process", async () => {
    await runInProcess(runtime, async (self) => {
      const foreign = await runInProcess(runtime, (other) => other.sendRequest(server, 1));
      for (const request of [foreign, self.alias() as never])
        await expect(self.waitResponse(request)).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
    });
  });
});

describe("receiveResponse", () => {
  test("gives the request up when the time is over: a late reply is dropped (176)", async () => {
    await runInProcess(runtime, async (self) => {
      expect(await self.receiveResponse(self.sendRequest(server, 1))).toEqual({ ok: true, reply: 2 });
      const request = self.sendRequest(server, "later");
      const response = self.receiveResponse(request, 50);
      await settle(runtime);
      clock.advance(50);
      expect(await response).toBe(TIMEOUT);
      self.reply(waiting[0]!, 7);
      self.exit(server, "kill");
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });
});

describe("checkResponse", () => {
  test("tells the response to a request from any other message (177)", async () => {
    await runInProcess(runtime, async (self) => {
      const [first, second] = [self.sendRequest(server, 1), self.sendRequest("nobody", 2)];
      const down = await self.receive({ ref: second });
      const message = await self.receive();
      expect(message).toEqual(new ReplyMessage(first, 2));
      expect(self.checkResponse(message, first)).toEqual({ ok: true, reply: 2 });
      expect(self.checkResponse(message, second)).toBe(undefined);
      expect(self.checkResponse("other", first)).toBe(undefined);
      expect(self.checkResponse(down, second)).toMatchObject({ ok: false, reason: "noproc" });
    });
  });

  test("makes a server of one that asks others without waiting for them (177)", async () => {
    class Asking extends GenServer<unknown[], never, never, unknown> {
      init(dest: Pid<Doubling>) {
        const request = this.self.sendRequest(dest, 21);
        this.self.put("request", request);
        return ok<unknown[]>([]);
      }
      override handleInfo(message: unknown) {
        const request = this.self.get("request") as ReturnType<typeof this.self.sendRequest>;
        this.state.push(this.self.checkResponse(message, request));
        runtime.send("test", this.state);
        return noReply();
      }
    }
    await runInProcess(runtime, async (self) => {
      self.register("test");
      await self.start(Asking, server);
      expect(await self.receive()).toEqual([{ ok: true, reply: 42 }]);
    });
  });
});
