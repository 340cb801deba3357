import { describe, expect, test } from "vitest";
import { EntryIndex } from "../../../channels/tracker/entry-index.ts";
import type { TrackerEntry } from "../../../channels/tracker/entry.ts";

let clock = 0;
function entry(pid: string, topic: string, key: string): TrackerEntry<string> {
  clock += 1;
  return { replica: "a", clock, pid, topic, key, meta: { phx_ref: `ref ${clock}` } };
}

describe("EntryIndex", () => {
  test("a topic, a key and a pid without entries are forgotten", () => {
    const index = new EntryIndex<string>();
    const alice = entry("p1", "lobby", "alice");
    index.add(alice);
    expect([[...index.topics()], [...index.keys("lobby").keys()], [...index.pids()]]).toEqual([
      ["lobby"],
      ["alice"],
      ["p1"],
    ]);
    index.remove(alice);
    expect([[...index.topics()], [...index.keys("lobby").keys()], [...index.pids()]]).toEqual([[], [], []]);
  });

  test("removing twice, or what was never added, changes nothing", () => {
    const index = new EntryIndex<string>();
    const first = entry("p1", "lobby", "alice");
    index.add(first);
    index.add(entry("p2", "lobby", "alice"));
    index.remove(entry("p1", "lobby", "alice"));
    index.remove(first);
    index.remove(first);
    expect(index.count("lobby")).toBe(1);
  });

  test("counts every entry of a topic, also several under one key", () => {
    const index = new EntryIndex<string>();
    for (const pid of ["p1", "p2", "p3"]) index.add(entry(pid, "lobby", pid === "p3" ? "bob" : "alice"));
    expect([index.count("lobby"), index.keys("lobby").size, index.count("elsewhere")]).toEqual([3, 2, 0]);
  });

  test("find tells apart the pids of a key and the keys and topics of a pid", () => {
    const index = new EntryIndex<string>();
    const wanted = entry("p1", "lobby", "alice");
    for (const other of [
      entry("p2", "lobby", "alice"),
      entry("p1", "lobby", "bob"),
      entry("p1", "room", "alice"),
    ])
      index.add(other);
    expect(index.find("p1", "lobby", "alice")).toEqual([]);
    index.add(wanted);
    expect(index.find("p1", "lobby", "alice")).toEqual([wanted]);
  });

  test.each(["__proto__", "constructor", "toString", ""])(
    "%j is a topic and a key like any other",
    (name) => {
      const index = new EntryIndex<string>();
      expect([index.count(name), index.keys(name).size]).toEqual([0, 0]);
      const added = entry("p1", name, name);
      index.add(added);
      expect(index.find("p1", name, name)).toEqual([added]);
    },
  );
});
