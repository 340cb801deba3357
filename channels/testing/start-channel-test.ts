import { DownMessage, type Logger, type Pid, type Runtime, silentLogger } from "../../runtime/index.ts";
import { expectOptions } from "../../runtime/internal.ts";
import { settle, simulate, VirtualClock } from "../../runtime/testing.ts";
import { type ChildSpec, DynamicSupervisor, Supervisor } from "../../supervisors/index.ts";
import { Broadcast } from "../message.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import { ChannelTest, type Joined } from "./channel-test.ts";
import { Inbox } from "./inbox.ts";
import { Pace } from "./pace.ts";
import { TestProcess } from "./test-process.ts";

const PUBSUB = "channel_test.pubsub";
const CHANNELS = "channels";

/** What a ChannelTest runs on, and what its channels need. */
export interface ChannelTestOptions {
  /** What the channels need besides PubSub, such as a Presence: started before them, ended after them. */
  readonly children?: readonly ChildSpec[] | ((runtime: Runtime) => readonly ChildSpec[]);
  /** The name of the PubSub: one of the test's own is started under it or, with `runtime`, has to run. */
  readonly pubsub?: string;
  /** Decides the order of turns and every other chance, as for `simulate`. 1 if left out. */
  readonly seed?: number;
  /** Nothing is logged if left out: a crash fails the test. */
  readonly logger?: Logger;
  /**
   * A runtime that runs already, in place of one of the test's own. Time is that of its clock: if that is the machine's, an assertion
   * waits for real, and a refutation for nothing but what is under way.
   */
  readonly runtime?: Runtime;
  /** A channel that crashes doesn't fail the test. */
  readonly trapExit?: boolean;
}

const OPTIONS = ["children", "pubsub", "seed", "logger", "runtime", "trapExit"];

/**
 * Starts a test of channels, with a runtime, a virtual clock and a PubSub of its own, so that tests and files run side by side.
 * Dispose of it at the end (`await using`).
 * @example
 * ```ts
 * test("a message is broadcast and answered", async () => {
 *   await using it = await channelTest();
 *   const client = await it.connectOrThrow(UserSocket, { token: "secret" });
 *   const room = await it.subscribeAndJoinOrThrow(client, RoomChannel, "room:1", { name: "Ada" });
 *
 *   const ref = it.push(room, "message:new", { body: "hi" });
 *   await it.assertReply(ref, "ok", { id: expect.any(Number) });
 *   await it.assertBroadcast(room, "message:new", { body: "hi" });
 *   await it.refutePush(room, "typing");
 * });
 * ```
 */
export async function channelTest(options: ChannelTestOptions = {}): Promise<ChannelTest> {
  expectOptions("channelTest", OPTIONS, options);
  const { children = [], pubsub = PUBSUB, seed = 1, logger = silentLogger, trapExit = false } = options;
  const simulation = options.runtime === undefined ? await simulate({ seed, logger }) : undefined;
  const runtime = options.runtime ?? simulation!.runtime;
  const pace =
    simulation === undefined
      ? new Pace(() => settle(runtime), runtime.clock instanceof VirtualClock ? runtime.clock : undefined)
      : new Pace(() => simulation.settle(), simulation.clock);
  const inbox = new Inbox(pace, trapExit);
  const joined = new Map<Pid, Joined>();
  const onMessage = (message: unknown): void => {
    if (message instanceof DownMessage && joined.has(message.process as Pid)) {
      test.ended(message.process, message.reason);
    } else if (message instanceof Broadcast) {
      inbox.add({ kind: "broadcast", ...message });
    } else {
      inbox.add({ kind: "message", payload: message });
    }
  };
  const ownPubSub: ChildSpec = { id: "pubsub", name: pubsub, start: [PubSub, {}] };
  const specs: ChildSpec[] = [
    ...(options.runtime === undefined ? [ownPubSub] : []),
    ...(typeof children === "function" ? children(runtime) : children),
    { id: CHANNELS, type: "supervisor", start: [DynamicSupervisor, {}] },
  ];
  const tree = await pace.done(
    "start",
    runtime.start(Supervisor, { strategy: "one_for_one", children: specs }),
  );
  const started = await pace.done("start", Supervisor.whichChildren(runtime, tree));
  const channels = started.find(({ id }) => id === CHANNELS)!.pid as Pid;
  const pid = await pace.done("start", runtime.start(TestProcess, onMessage));
  const end = async (): Promise<void> => {
    await pace.done("end", runtime.stop(tree, "shutdown"));
    runtime.exit(pid, "kill");
    await simulation?.[Symbol.asyncDispose]();
  };
  const test = new ChannelTest({ runtime, pid, pubsub, channels, pace, inbox, joined, end });
  return test;
}
