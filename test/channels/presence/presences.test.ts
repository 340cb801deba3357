import { describe, expect, test } from "vitest";
import { presencesOf } from "../../../channels/presence/presences.ts";
import type { TrackerEntry } from "../../../channels/tracker/entry.ts";

function entry(key: string, ref: string): TrackerEntry<string> {
  return { replica: "a", clock: 1, pid: "p", topic: "t", key, meta: { phx_ref: ref, n: 1 } };
}

describe("presencesOf", () => {
  test("gathers the metas of a key, in order, as the client reads them", () => {
    const presences = presencesOf([entry("alice", "1"), entry("bob", "2"), entry("alice", "3")]);
    expect(JSON.parse(JSON.stringify(presences))).toEqual({
      alice: {
        metas: [
          { phx_ref: "1", n: 1 },
          { phx_ref: "3", n: 1 },
        ],
      },
      bob: { metas: [{ phx_ref: "2", n: 1 }] },
    });
  });

  test("a key that objects have from their prototype is a key, on the wire, too", () => {
    const keys = ["__proto__", "constructor", "toString"];
    const presences = presencesOf(keys.map((key) => entry(key, key)));
    expect(Object.getPrototypeOf(presences)).toBeNull();
    expect(Object.keys(presences)).toEqual(keys);
    expect(JSON.stringify(presencesOf([entry("__proto__", "1")]))).toBe(
      '{"__proto__":{"metas":[{"phx_ref":"1","n":1}]}}',
    );
  });

  test("nobody is an empty object, not nothing", () => {
    expect(JSON.stringify(presencesOf([]))).toBe("{}");
  });
});
