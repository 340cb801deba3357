import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Action, noReply, ok, Runtime, silentLogger } from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import { startScripted } from "./scripted-server.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

describe("the timeout of a callback", () => {
  test("a timeout comes once when no message does, and any message cancels it (190)", async () => {
    const notes: unknown[] = [];
    const timeout: Action = { timeoutMs: 50 };
    const pid = await startScripted(
      runtime,
      { cast: (_, again) => noReply(again === true ? timeout : undefined) },
      notes,
    );
    runtime.cast(pid, true);
    await settle(runtime);
    clock.advance(40);
    runtime.cast(pid, true);
    await settle(runtime);
    clock.advance(40);
    await settle(runtime);
    expect(notes).not.toContainEqual(["info", "timeout"]);
    clock.advance(200);
    await settle(runtime);
    expect(notes.filter((note) => (note as unknown[])[0] === "info")).toEqual([["info", "timeout"]]);
  });

  test("a timeout of 0 comes at once if the mailbox is empty, not at all otherwise (153)", async () => {
    const notes: unknown[] = [];
    await startScripted(runtime, { init: () => ok(0, { timeoutMs: 0 }) }, notes);
    await settle(runtime);
    expect(notes).toEqual([["info", "timeout"]]);
    const busy: unknown[] = [];
    await startScripted(
      runtime,
      {
        init: (server) => {
          server.self.send(server.self.pid, "first");
          return ok(0, { timeoutMs: 0 });
        },
      },
      busy,
    );
    await settle(runtime);
    expect(busy).toEqual([["info", "first"]]);
  });
});
