import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ExitMessage,
  ignore,
  Registry,
  Runtime,
  type Self,
  type ServerClass,
  silentLogger,
  stop,
  Table,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { Machine } from "./scripted-machine.ts";
import { Scripted } from "./scripted-server.ts";

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
  await runtime.start(Registry, { keys: "unique" }, { name: "names" });
});

afterEach(() => runtime.shutdown());

const boom = new Error("boom");
const name = Registry.via("names", "one");

const inits: readonly [string, (self: Self) => unknown, unknown][] = [
  ["stop(r)", () => stop("r"), "r"],
  ["ignore", () => ignore, "ignore"],
  ["rubbish", () => 4711, [expect.stringContaining("bad_return"), 4711]],
  ["an error", () => Promise.reject(boom), boom],
  ["exit(r)", (self) => self.exit("r"), "r"],
  ["a timeout", (self) => self.receive((message) => message === "never"), "timeout"],
];
const servers: readonly [string, ServerClass][] = [
  ["GenServer", Scripted],
  ["GenStatem", Machine],
];
const starts = ["start", "startLink", "startMonitor"] as const;

describe.each(servers)("a %s that did not start", (_, Server) => {
  for (const how of starts) {
    test.each(inits)(
      `because of %s is gone when ${how} tells of it: all it had is free again`,
      async (...[, end, reason]) => {
        const init = ({ self }: { readonly self: Self }): unknown => {
          Table.new(self, { name: "table" });
          self.register("registered");
          return end(self);
        };
        await runInProcess(runtime, async (self) => {
          self.trapExit(true);
          const messages: unknown[] = [];
          for (let again = 0; again < 3; again += 1) {
            const started: Promise<unknown> = self[how](Server, { init } as never, { name, timeoutMs: 50 });
            const failed = expect(started).rejects.toMatchObject({ code: "ROOKERY_START_FAILED", reason });
            await settle(runtime);
            clock.advance(reason === "timeout" ? 50 : 0);
            await failed;
            expect(self.whereis(name)).toBe(undefined);
            expect(self.whereis("registered")).toBe(undefined);
            expect(Table.whereis(self, "table")).toBe(undefined);
            const message = await self.receive(undefined, { timeoutMs: 0 });
            if (message !== TIMEOUT) messages.push(message);
          }
          // As OTP up to 25: the link of a startLink tells a second time; a timeout has taken it away.
          const exits = how === "startLink" && reason !== "timeout" ? 3 : 0;
          expect(messages).toEqual(Array.from({ length: exits }, () => expect.any(ExitMessage)));
          expect(self.info(self.pid, ["links", "monitors"])).toEqual({ links: [], monitors: [] });
        });
      },
    );
  }
});
