import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { Broadcast } from "../../../channels/message.ts";
import { Presence } from "../../../channels/presence/presence.ts";
import type { PresenceDiff, Presences } from "../../../channels/presence/presences.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { type Pid, Runtime, type ServerClass, silentLogger } from "../../../runtime/index.ts";
import { settle } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { listen } from "../pubsub/listener.ts";

const [PUBSUB, NAME, TOPIC] = ["test.pubsub", "test.presence", "room:1"];

class Fetching extends Presence {
  override async fetch(_topic: string, presences: Presences): Promise<Presences> {
    await Promise.resolve();
    return presences;
  }
}

/** What a client of the topic shows: the references of the metas that it was told of. */
function shownBy(diffs: readonly unknown[]): string[] {
  const shown = new Set<string>();
  for (const message of diffs) {
    const { joins, leaves } = (message as Broadcast).payload as PresenceDiff;
    for (const { metas } of Object.values(joins)) {
      for (const { phx_ref: ref } of metas) {
        expect(shown.has(ref)).toBe(false);
        shown.add(ref);
      }
    }
    for (const { metas } of Object.values(leaves))
      for (const { phx_ref: ref } of metas) expect(shown.delete(ref)).toBe(true);
  }
  return [...shown].toSorted();
}

type Step =
  | { do: "track" | "update" | "untrack" | "exit"; who: number; key: number }
  | { do: "kill"; what: string }
  | { do: "settle" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("track", "track", "update", "untrack", "exit"),
      who: fc.nat(7),
      key: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("kill"), what: fc.constantFrom(NAME, NAME, PUBSUB, "tree") }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("settle") }) },
);

async function run(Server: ServerClass, steps: readonly Step[]): Promise<void> {
  const runtime = await Runtime.start({ logger: silentLogger });
  const limits = { strategy: "one_for_one", intensity: 1_000 } as const;
  const children = [
    { id: "pubsub", start: [PubSub] as const, name: PUBSUB },
    { id: "presence", start: [Server, { pubsub: PUBSUB }] as const, name: NAME },
  ];
  const tree = { id: "tree", start: [Supervisor, { ...limits, children }] as const, name: "tree" };
  await runtime.start(Supervisor, { ...limits, children: [tree] }, { name: "root" });
  const client = await listen(runtime, PUBSUB, TOPIC);

  const channels: (Pid | undefined)[] = [];
  const believed = new Map<Pid, Set<string>>();
  const pending: Promise<void>[] = [];
  /** What a channel does: it crashes when the presence process fails it, and then it is another one. */
  const as = (who: number, act: (pid: Pid, keys: Set<string>) => Promise<void>): void => {
    const pid = channels[who] ?? runtime.spawn((self) => self.receive());
    channels[who] = pid;
    const keys = believed.get(pid) ?? new Set();
    believed.set(pid, keys);
    pending.push(
      act(pid, keys).catch(() => {
        runtime.exit(pid, "kill");
        if (channels[who] === pid) channels[who] = undefined;
      }),
    );
  };

  for (const next of steps) {
    switch (next.do) {
      case "track":
        as(next.who, async (pid, keys) => {
          const result = await Presence.track(runtime, NAME, pid, TOPIC, next.key, {});
          if (result.ok) keys.add(String(next.key));
        });
        break;
      case "update":
        as(
          next.who,
          async (pid) => void (await Presence.update(runtime, NAME, pid, TOPIC, next.key, { n: 1 })),
        );
        break;
      case "untrack":
        as(next.who, async (pid, keys) => {
          await Presence.untrack(runtime, NAME, pid, TOPIC, next.key);
          keys.delete(String(next.key));
        });
        break;
      case "exit":
        as(next.who, () => Promise.reject(new Error("the client is gone")));
        break;
      case "kill":
        runtime.exit(next.what, "kill");
        break;
      case "settle":
        await settle(runtime);
    }
  }
  await Promise.all(pending);
  await settle(runtime);
  expect(["root", PUBSUB, NAME].filter((name) => runtime.whereis(name) === undefined)).toEqual([]);

  const present = [...believed].flatMap(([pid, keys]) => (runtime.isAlive(pid) ? [...keys] : []));
  const listed = Object.entries(await Fetching.list(runtime, NAME, TOPIC));
  expect(listed.flatMap(([key, { metas }]) => metas.map(() => key)).toSorted()).toEqual(present.toSorted());
  const refs = listed.flatMap(([, { metas }]) => metas.map((meta) => meta.phx_ref)).toSorted();
  expect(shownBy(client.got)).toEqual(refs);
  await runtime.shutdown();
}

describe("while its processes are killed at random, and channels come and go", () => {
  for (const Server of [Presence, Fetching]) {
    test(`${Server.name}: in the end the presences are those who are there, and every client was told so, each change once`, async () => {
      const property = fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), (steps) =>
        run(Server, steps),
      );
      await fc.assert(property, { numRuns: 150 });
    });
  }
});
