import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  ExitError,
  ExitMessage,
  type Pid,
  Runtime,
  type Self,
  silentLogger,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { collector } from "./collector.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

async function reasonOf(body: (self: Self) => unknown): Promise<unknown> {
  return runInProcess(runtime, async (self) => {
    const { ref } = self.spawnMonitor(body);
    const down = await self.receive((m): m is DownMessage => m instanceof DownMessage && m.ref === ref);
    return down.reason;
  });
}

describe("exit reasons", () => {
  const boom = new Error("boom");
  test.each<[string, (self: Self) => unknown, unknown]>([
    ["a body that returns: normal (20)", () => 1, "normal"],
    ["an async body that returns: normal (20)", async () => 1, "normal"],
    ["exit(r): r, without a stack (21)", (self) => self.exit("r"), "r"],
    [
      "an uncaught error: the error (22)",
      () => {
        throw boom;
      },
      boom,
    ],
    ["a rejected body: the error (22)", () => Promise.reject(boom), boom],
    [
      "an uncaught throw of anything else: nocatch (23)",
      () => {
        throw "ball";
      },
      ["nocatch", "ball"],
    ],
    ["exit(self, normal) is deadly to oneself (28)", (self) => self.exit(self.pid, "normal"), "normal"],
    ["exit(kill), the form with one argument: kill (33)", (self) => self.exit("kill"), "kill"],
    ["exit(self, kill): killed (31)", (self) => self.exit(self.pid, "kill"), "killed"],
    ["any data is a reason (40)", (self) => self.exit({ any: ["term"] }), { any: ["term"] }],
  ])("%s", async (_, body, reason) => {
    expect(await reasonOf(body)).toEqual(reason);
  });

  test("exit(r) can be caught (25)", async () => {
    await runInProcess(runtime, (self) => {
      expect(() => self.exit("r")).toThrow(expect.objectContaining({ reason: "r" }));
      expect(self.isAlive(self.pid)).toBe(true);
    });
  });

  test("a normal exit signal of another is ignored, unless it is trapped (26, 27)", async () => {
    const plain = collector(runtime);
    const trapping = collector(runtime, { trap: true });
    await settle(runtime);
    runtime.exit(plain.pid, "normal");
    runtime.exit(trapping.pid, "normal");
    await settle(runtime);
    expect(runtime.isAlive(plain.pid)).toBe(true);
    expect(trapping.messages).toMatchObject([{ reason: "normal" }]);
  });

  test("kill ends a trapping process with killed; killed itself is an ordinary reason (31, 32)", async () => {
    const first = collector(runtime, { trap: true });
    const second = collector(runtime, { trap: true });
    await settle(runtime);
    runtime.exit(first.pid, "killed");
    runtime.exit(second.pid, "kill");
    await settle(runtime);
    expect(first.messages).toMatchObject([{ reason: "killed" }]);
    expect(runtime.isAlive(second.pid)).toBe(false);
  });

  test("a link passes on killed, and kill of exit/1 as an ordinary reason (33, 34)", async () => {
    await runInProcess(runtime, async (self) => {
      for (const [how, reason] of [
        ["signal", "killed"],
        ["own", "kill"],
      ] as const) {
        const { pid } = self.spawnMonitor(async (middle) => {
          middle.spawnLink(async (child) =>
            how === "own" ? child.exit("kill") : child.exit(child.pid, "kill"),
          );
          await middle.receive();
        });
        expect(await self.receive()).toMatchObject({ process: pid, reason });
      }
    });
  });

  test.each([1, 2, 9, 10])(
    "along a chain of %i links a kill signal is killed, an exit with kill is kill (33, 34)",
    async (length) => {
      const ends = {
        "exit of another": ["killed", (self: Self) => self.receive()],
        "exit to itself": ["killed", (self: Self) => self.exit(self.pid, "kill")],
        "exit of its own": ["kill", (self: Self) => self.exit("kill")],
      } as const;
      await runInProcess(runtime, async (self) => {
        self.trapExit(true);
        for (const [how, [reason, end]] of Object.entries(ends)) {
          let last: Pid | undefined;
          const line = (left: number) => (own: Self) => {
            if (left > 1) own.spawnLink(line(left - 1));
            else last = own.pid;
            return left > 1 ? own.receive() : end(own);
          };
          const first = self.spawnLink(line(length));
          await settle(runtime);
          if (how === "exit of another") self.exit(last!, "kill");
          expect(await self.receive()).toEqual(new ExitMessage(first, reason));
        }
      });
    },
  );

  test.each(["gurka", 1, undefined, null])(
    "trapExit(%j) is badarg, and changes nothing (37)",
    async (flag) => {
      await runInProcess(runtime, (self) => {
        expect(() => self.trapExit(flag as never)).toThrow(
          expect.objectContaining({ code: "ROOKERY_BADARG" }),
        );
        expect(self.info(self.pid, "trapExit")).toBe(false);
      });
    },
  );

  test("turning trapExit off leaves the exits in the mailbox as messages (37, 38)", async () => {
    await runInProcess(runtime, async (self) => {
      expect(self.trapExit(true)).toBe(false);
      self.exit(self.pid, "r");
      expect(self.trapExit(false)).toBe(true);
      expect(await self.receive()).toMatchObject({ reason: "r" });
    });
  });

  test.each<[string, () => unknown, new () => Error]>([
    ["a property of nothing", () => (null as never as { x: number }).x, TypeError],
    ["a call of what is no function", () => (1 as never as () => void)(), TypeError],

    ["a number out of range", () => "x".repeat(-1), RangeError],
  ])("an error of the language itself is the reason: %s (24)", async (_, body, ErrorClass) => {
    expect(await reasonOf(body)).toBeInstanceOf(ErrorClass);
  });

  test.each(["shutdown", "noproc", "noconnection", ["shutdown", "x"]])(
    "%j kills as any other, by a signal and by a link (30, 35)",
    async (reason) => {
      const { pid } = collector(runtime);
      runtime.exit(pid, reason);
      expect(runtime.isAlive(pid)).toBe(false);
      const linked = (self: Self): Promise<unknown> => {
        self.spawnLink((partner) => partner.exit(reason));
        return self.receive();
      };
      expect(await reasonOf(linked)).toEqual(reason);
    },
  );
});

test("an ExitError that nobody catches ends its process with its own reason", async () => {
  expect(await reasonOf((self) => self.call("nobody", "m"))).toEqual([
    "noproc",
    ["GenServer", "call", ["nobody", "m", 5000]],
  ]);
  expect(new ExitError("C", "text", "r").reason).toBe("r");
});
