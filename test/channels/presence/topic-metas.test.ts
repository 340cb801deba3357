import { describe, expect, test } from "vitest";
import type { Presences } from "../../../channels/presence/presences.ts";
import { TopicMetas } from "../../../channels/presence/topic-metas.ts";

function of(key: string, ...refs: string[]): Presences {
  return { [key]: { metas: refs.map((ref) => ({ phx_ref: ref })) } };
}

function shown(metas: ReadonlyMap<string, readonly { readonly phx_ref: string }[]>): unknown {
  return Object.fromEntries([...metas].map(([key, all]) => [key, all.map((meta) => meta.phx_ref)]));
}

describe("TopicMetas", () => {
  test("adds what joins behind what is there, and removes what leaves by its reference", () => {
    const metas = new TopicMetas();
    metas.apply("t", { joins: of("alice", "1", "2"), leaves: {} });
    expect(shown(metas.apply("t", { joins: of("alice", "3"), leaves: of("alice", "1") }))).toEqual({
      alice: ["2", "3"],
    });
    expect(shown(metas.apply("t", { joins: {}, leaves: of("alice", "2", "3") }))).toEqual({});
  });

  test("what was shown of a key does not change afterwards, and all that was shown may be frozen by who sends it on", () => {
    const metas = new TopicMetas();
    const first = metas.apply("t", { joins: of("alice", "1"), leaves: {} });
    const alice = first.get("alice")!;
    Object.freeze(first);
    expect(shown(metas.apply("t", { joins: of("alice", "2"), leaves: of("alice", "1") }))).toEqual({
      alice: ["2"],
    });
    expect([alice.map((meta) => meta.phx_ref), shown(first)]).toEqual([["1"], { alice: ["1"] }]);
  });

  test("keeps topics apart, and a diff that is applied twice changes nothing the second time", () => {
    const metas = new TopicMetas();
    metas.apply("t", { joins: of("alice", "1"), leaves: {} });
    expect(shown(metas.apply("u", { joins: of("alice", "2"), leaves: {} }))).toEqual({ alice: ["2"] });
    expect(shown(metas.apply("t", { joins: of("alice", "1"), leaves: of("bob", "9") }))).toEqual({
      alice: ["1"],
    });
  });
});
