import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Dest, ExitError, reply, Runtime, silentLogger } from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import { Scripted, startScripted } from "./scripted-server.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

const boom = new Error("boom");

describe("stop", () => {
  test("ends it after what is in its mailbox, with the reason given (136, 197)", async () => {
    const notes: unknown[] = [];
    const pid = await startScripted(runtime, {}, notes);
    runtime.cast(pid, 1);
    await runtime.stop(pid, "shutdown");
    expect(notes).toEqual([
      ["cast", 1],
      ["terminate", "shutdown"],
    ]);
    await expect(runtime.stop(pid)).rejects.toMatchObject({ reason: ["noproc", expect.anything()] });
  });

  test("rejects with the reason with which it ended instead, or when it takes too long (136, 197)", async () => {
    const crashing = await startScripted(runtime, { terminate: () => Promise.reject(boom) });
    await expect(runtime.stop(crashing)).rejects.toMatchObject({ reason: [boom, expect.anything()] });
    const slow = await startScripted(runtime, { terminate: (server) => server.self.receive() });
    const failed = expect(runtime.stop(slow, "normal", 30)).rejects.toMatchObject({
      code: "ROOKERY_STOP_TIMEOUT",
    });
    await settle(runtime);
    clock.advance(30);
    await failed;
    expect(runtime.isAlive(slow)).toBe(true);
  });

  test("is content with a reason that is equal to the one given, and with no other (136, 197)", async () => {
    const ending = (reason: unknown) => ({
      terminate: () => Promise.reject(new ExitError("C", "text", reason)),
    });
    const equal = await startScripted(runtime, ending(["shutdown", { n: 1 }]));
    await runtime.stop(equal, ["shutdown", { n: 1 }]);
    const other = await startScripted(runtime, ending(["shutdown", { n: "1" }]));
    await expect(runtime.stop(other, ["shutdown", { n: 1 }])).rejects.toMatchObject({
      reason: [["shutdown", { n: "1" }], expect.anything()],
    });
  });

  test("takes any reason, also one that holds itself (197)", async () => {
    const reason: unknown[] = ["shutdown"];
    reason.push(reason);
    const pid = await startScripted(runtime, {});
    await runtime.stop(pid, reason);
    const other = await startScripted(runtime, { terminate: () => Promise.reject(boom) });
    await expect(runtime.stop(other, reason)).rejects.toMatchObject({ reason: [boom, expect.anything()] });
  });

  test("ends the server of a name; of a name that nobody has it rejects with noproc (197)", async () => {
    await runtime.start(Scripted, {} as never, { name: "one" });
    await runtime.stop("one");
    await expect(runtime.stop("one", "shutdown", 50)).rejects.toMatchObject({
      code: "ROOKERY_NOPROC",
      reason: ["noproc", ["GenServer", "stop", ["one", "shutdown", 50]]],
    });
  });

  test("of oneself is refused: it would wait for itself (197)", async () => {
    const pid = await runtime.start(
      Scripted,
      {
        call: ({ self }: Scripted, dest: unknown) =>
          self.stop(dest as Dest).catch((error: ExitError) => reply([error.code, error.reason])),
      } as never,
      { name: "one" },
    );
    for (const dest of [pid, "one"]) {
      expect(await runtime.call(pid, dest)).toEqual([
        "ROOKERY_CALLING_SELF",
        ["calling_self", ["GenServer", "stop", [dest, "normal", Number.POSITIVE_INFINITY]]],
      ]);
    }
  });

  test("of itself through the runtime is refused, too: a callback that awaits it would wait for ever", async () => {
    const pid = await startScripted(runtime, {
      call: async () => {
        const failure = await runtime.stop(pid).catch((error: ExitError) => error);
        return reply((failure as ExitError).code);
      },
    });
    expect(await runtime.call(pid, 1)).toBe("ROOKERY_CALLING_SELF");
  });

  test.each([-1, Number.NaN])(
    "with %s for a timeout is refused, and leaves the server alone",
    async (timeoutMs) => {
      const pid = await startScripted(runtime, {});
      expect(() => runtime.stop(pid, "normal", timeoutMs)).toThrow(
        expect.objectContaining({ code: "ROOKERY_BADARG" }),
      );
      await settle(runtime);
      expect(runtime.isAlive(pid)).toBe(true);
    },
  );
});
