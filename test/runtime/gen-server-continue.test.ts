import { afterEach, beforeEach, expect, test } from "vitest";
import { noReply, reply, Runtime, silentLogger, stop } from "../../runtime/index.ts";
import { settle } from "../../runtime/testing.ts";
import { type Script, type Scripted, startScripted } from "./scripted-server.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

/** Goes on with a continuation, before the message that it has just sent itself. */
const goOn =
  (result: (action: { continue: string }) => unknown): Script =>
  ({ self }) => {
    self.send(self.pid, "later");
    return result({ continue: "c" });
  };

test.each<[string, Scripted["script"], (pid: Awaited<ReturnType<typeof startScripted>>) => unknown]>([
  ["a call that is answered", { call: goOn((action) => reply(1, action)) }, (pid) => runtime.call(pid, "m")],
  [
    "one that is not",
    { call: goOn((action) => noReply(action)) },
    (pid) => void runtime.call(pid, "m").catch(() => {}),
  ],
  ["a cast", { cast: goOn((action) => noReply(action)) }, (pid) => runtime.cast(pid, "m")],
  [
    "a message",
    { info: (server, message) => (message === "m" ? goOn(noReply)(server, message) : noReply()) },
    (pid) => runtime.send(pid, "m"),
  ],
])("a continuation after %s comes before what is in the mailbox (192)", async (_, script, provoke) => {
  const notes: unknown[] = [];
  const pid = await startScripted(runtime, script, notes);
  await provoke(pid);
  await settle(runtime);
  expect(notes.slice(1)).toEqual([
    ["continue", "c"],
    ["info", "later"],
  ]);
});

test("a continuation may stop the server: what is in the mailbox is not handled any more (192)", async () => {
  const notes: unknown[] = [];
  const script = { cast: goOn(noReply), continue: () => stop("normal") };
  const pid = await startScripted(runtime, script, notes);
  runtime.cast(pid, "m");
  await settle(runtime);
  expect(notes.slice(1)).toEqual([
    ["continue", "c"],
    ["terminate", "normal"],
  ]);
  expect(runtime.isAlive(pid)).toBe(false);
});

test("continuations chain, before what is in the mailbox, and after the reply (192, 193)", async () => {
  const notes: unknown[] = [];
  const next: Script = (_, n) => ((n as number) < 3 ? noReply({ continue: (n as number) + 1 }) : noReply());
  const pid = await startScripted(
    runtime,
    { call: () => reply("r", { continue: 1 }), continue: next },
    notes,
  );
  const answer = runtime.call(pid, "m").then((value) => notes.push(value));
  runtime.send(pid, "later");
  await answer;
  await settle(runtime);
  expect(notes.filter((note) => note !== "r")).toEqual([
    ["call", "m"],
    ["continue", 1],
    ["continue", 2],
    ["continue", 3],
    ["info", "later"],
  ]);
});

test("a million continuations need no stack and keep no one else waiting", async () => {
  const pid = await startScripted(runtime, {
    cast: () => noReply({ continue: 0 }),
    continue: (server, n) => {
      server.notes.length = 0;
      return (n as number) < 1_000_000 ? noReply({ continue: (n as number) + 1 }) : noReply();
    },
  });
  const other = await startScripted(runtime, {});
  runtime.cast(pid, "go");
  expect(await runtime.call(other, "ping")).toBe("ping");
  expect(await runtime.call(pid, "done")).toBe("done");
});
