import { assert, onTestFinished, test } from "vitest";
import { endpointUrl, listenOnEveryShard } from "../../../api/index.ts";
import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { PubSub, TopicLog } from "../../../channels/index.ts";
import { onEveryShard, Supervisor } from "../../../supervisors/index.ts";
import { LOG } from "../../channels/resume/resumed-room.ts";
import { Listener } from "./listener.ts";
import { PUBSUB, ResumeTree } from "./resume-tree.ts";

const SAID = 40;

test("clients on the threads of all shards hear the same events in the same order, also those that come and go", async () => {
  const runtime = await Runtime.start({ shards: 2, logger: silentLogger });
  onTestFinished(() => runtime.shutdown());
  const children = [
    onEveryShard(PubSub, {}, { name: PUBSUB }),
    { id: "log", name: LOG, start: [TopicLog, { pubsub: PUBSUB }] } as const,
    listenOnEveryShard(ResumeTree, { port: 0 }),
  ];
  await runtime.start(Supervisor, { strategy: "one_for_one", children });
  const port = Number(new URL(await endpointUrl(runtime, "tree.endpoint")).port);
  const listeners = Array.from({ length: 12 }, () => new Listener(port));
  for (const listener of listeners) assert.deepEqual(await listener.heardSoFar(1), ["not resumed"]);

  const speakers = listeners.slice(0, 4);
  const flapping = listeners.slice(4);
  for (let n = 0; n < SAID; n += 1) {
    speakers[n % speakers.length]!.room.channel.push("say", { n });
    const { socket } = flapping[n % flapping.length]!;
    // Whatever has come so far: some of it is on its way, and comes again.
    await speakers[0]!.heardSoFar(Math.max(1, n - 5));
    socket.disconnect(() => socket.connect());
  }
  const said = ({ heard }: Listener): unknown[] => heard.filter((what) => typeof what !== "string");
  for (const listener of listeners) while (said(listener).length < SAID) await listener.more();
  for (const listener of flapping) while (!listener.heard.includes("resumed")) await listener.more();
  const expected = said(speakers[0]!);
  assert.lengthOf(new Set(expected.map((what) => (what as { n: number }).n)), SAID);
  for (const listener of listeners) {
    assert.deepEqual(said(listener), expected);
    assert.notInclude(listener.heard.slice(1), "not resumed");
  }
});
