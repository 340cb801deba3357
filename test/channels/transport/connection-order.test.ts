import fc from "fast-check";
import { assert, test } from "vitest";
import { simulate } from "../../../runtime/testing.ts";
import { roomSocket } from "../room-channel.ts";
import { connect, startTree, TestLogger } from "../test-connection.ts";

type Frame = [joinRef: unknown, ref: unknown, topic: string, event: string, payload: { status?: string }];

const topics = ["room:plain", "kept:1", "bare:1", "room:forbidden", "other:1"];
const events = ["phx_join", "phx_leave", "echo", "shout", "push", "async", "crash", "stop_reply"];
/** A client sends bursts: each a list of events, to topics, under the join_ref of its last join there, or of none. */
const bursts = fc.array(
  fc.array(fc.tuple(fc.constantFrom(...topics), fc.constantFrom(...events, "phx_join"), fc.boolean()), {
    maxLength: 6,
  }),
  { minLength: 1, maxLength: 4 },
);

test("whatever a client sends, and in whatever order processes run, each join is answered once and first", async () => {
  await fc.assert(
    fc.asyncProperty(bursts, fc.nat(), async (sent, seed) => {
      await using simulation = await simulate({ seed, logger: new TestLogger() });
      const { runtime } = simulation;
      const tree = startTree(runtime);
      await simulation.settle();
      await tree;
      const connecting = connect(runtime, roomSocket);
      await simulation.settle();
      const client = await connecting;

      let refs = 0;
      const joins: string[] = [];
      const leaves = new Set<unknown>();
      const lastJoin = new Map<string, string>();
      for (const burst of sent) {
        for (const [topic, event, withJoinRef] of burst) {
          const ref = String((refs += 1));
          if (event === "phx_leave") leaves.add(ref);
          if (event === "phx_join") {
            joins.push(ref);
            lastJoin.set(topic, ref);
          }
          client.send([
            withJoinRef || event === "phx_join" ? (lastJoin.get(topic) ?? null) : null,
            ref,
            topic,
            event,
            {},
          ]);
        }
        await simulation.settle();
      }
      check(
        client.peer.frames.map((frame) => JSON.parse(frame as string) as Frame),
        joins,
        leaves,
      );
    }),
    { numRuns: 300 },
  );
});

function check(frames: readonly Frame[], joins: readonly string[], leaves: ReadonlySet<unknown>): void {
  const story = JSON.stringify(frames);
  const isReply = ([, ref, , event]: Frame, to: string): boolean => event === "phx_reply" && ref === to;
  for (const join of joins) {
    const replies = frames.filter((frame) => isReply(frame, join));
    assert.lengthOf(replies, 1, `the join ${join} is answered once: ${story}`);
    const reply = frames.indexOf(replies[0]!);
    const own = frames.flatMap(([joinRef], at) => (joinRef === join ? [at] : []));
    assert.isTrue(
      own.every((at) => at >= reply),
      `nothing of ${join} comes before its reply: ${story}`,
    );
    const ends = own.filter((at) => ["phx_close", "phx_error"].includes(frames[at]![3]));
    assert.isAtMost(ends.length, replies[0]![4].status === "ok" ? 1 : 0, `${join} ends once: ${story}`);
    for (const end of ends) {
      assert.equal(frames[end]![1], join, `the end of ${join} has its join_ref as its ref: ${story}`);
      // Except for leaves of a topic that is left already, which are confirmed under whatever join_ref they name.
      const last = own.findLast((at) => !leaves.has(frames[at]![1]));
      assert.equal(end, last, `the end of ${join} is its last frame: ${story}`);
    }
  }
  const replied = frames.filter(([, , , event]) => event === "phx_reply").map(([, ref]) => ref);
  assert.equal(new Set(replied).size, replied.length, `nothing is answered twice: ${story}`);
}
