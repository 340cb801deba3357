import { describe, expect, test } from "vitest";
import { Heard, Peers, type Sender } from "../../../channels/tracker/peers.ts";

const DOWN_MS = 30;
const PERMDOWN_MS = 100;

function from(replica: string, sequence: number, bornMs = 0): Sender {
  return { replica, nodeName: replica.split("#")[0]!, bornMs, sequence };
}

/** Whether it counts, and who is forgotten for it. */
function hears(peers: Peers, sender: Sender, nowMs = 0): [Heard, ...string[]] {
  const { heard, replaced } = peers.hear(sender, nowMs, DOWN_MS);
  return [heard, ...replaced];
}

function silent(peers: Peers, nowMs: number): { down: string[]; forgotten: string[] } {
  const { down, forgotten } = peers.silent(nowMs, DOWN_MS, PERMDOWN_MS);
  return { down: down.map(({ replica }) => replica), forgotten: forgotten.map(({ replica }) => replica) };
}

describe("Peers", () => {
  test("who is heard for the first time appears, and then is known", () => {
    const peers = new Peers();
    expect([hears(peers, from("a#1", 1)), hears(peers, from("a#1", 2))]).toEqual([
      [Heard.Appeared],
      [Heard.Known],
    ]);
    expect([peers.isUp("a#1"), peers.at("a"), peers.size]).toEqual([true, ["a#1"], 1]);
  });

  test("who is silent goes down, appears again when heard, and is forgotten after longer silence", () => {
    const peers = new Peers();
    hears(peers, from("a#1", 1));
    expect(silent(peers, DOWN_MS)).toEqual({ down: [], forgotten: [] });
    expect(silent(peers, DOWN_MS + 1)).toEqual({ down: ["a#1"], forgotten: [] });
    expect(silent(peers, DOWN_MS + 2)).toEqual({ down: [], forgotten: [] });
    expect([peers.isUp("a#1"), hears(peers, from("a#1", 2), 50)]).toEqual([false, [Heard.Appeared]]);
    expect(silent(peers, 50 + PERMDOWN_MS + 1)).toEqual({ down: [], forgotten: ["a#1"] });
    expect(peers.size).toBe(0);
  });

  test("a message that comes late or twice shows nothing of where its sender is", () => {
    const peers = new Peers();
    hears(peers, from("a#1", 5));
    expect([hears(peers, from("a#1", 5), 40), hears(peers, from("a#1", 4), 40)]).toEqual([
      [Heard.Late],
      [Heard.Late],
    ]);
    expect(silent(peers, DOWN_MS + 1).down).toEqual(["a#1"]);
    expect([hears(peers, from("a#1", 3)), peers.isUp("a#1")]).toEqual([[Heard.Late], false]);
  });

  test("the younger one at a place replaces the older one, whose late messages are refused", () => {
    const peers = new Peers();
    hears(peers, from("a#1", 9, 100));
    hears(peers, from("b#1", 9, 100));
    expect(hears(peers, from("a#2", 1, 200))).toEqual([Heard.Appeared, "a#1"]);
    expect(hears(peers, from("a#1", 10, 100))).toEqual([Heard.Refused]);
    expect([peers.at("a"), peers.at("b")]).toEqual([["a#2"], ["b#1"]]);
  });

  test("one that is older by a clock that was set back is taken once the other has been silent", () => {
    const peers = new Peers();
    hears(peers, from("a#1", 1, 200));
    expect(hears(peers, from("a#2", 1, 100), DOWN_MS)).toEqual([Heard.Refused]);
    expect(hears(peers, from("a#2", 2, 100), DOWN_MS + 1)).toEqual([Heard.Appeared, "a#1"]);
  });

  test("of two that began in the same millisecond all take the same one", () => {
    for (const order of [
      ["a#1", "a#2"],
      ["a#2", "a#1"],
    ]) {
      const peers = new Peers();
      for (const replica of order) hears(peers, from(replica, 1));
      expect(peers.at("a")).toEqual(["a#2"]);
    }
  });

  test("what was said before a bye does not bring back who said it; what is said after it does", () => {
    const peers = new Peers();
    hears(peers, from("a#1", 1));
    expect(peers.bye(from("a#1", 5), 0)).toBe(true);
    expect([hears(peers, from("a#1", 4)), peers.isUp("a#1")]).toEqual([[Heard.Late], false]);
    expect([hears(peers, from("a#1", 6)), peers.isUp("a#1")]).toEqual([[Heard.Appeared], true]);
    expect(peers.bye(from("a#1", 5), 0)).toBe(false);
    expect(peers.isUp("a#1")).toBe(true);
  });

  test("the bye of one who was never heard is remembered, but not against one who came after it", () => {
    const peers = new Peers();
    expect(peers.bye(from("a#1", 5), 0)).toBe(true);
    expect(hears(peers, from("a#1", 4))).toEqual([Heard.Late]);
    hears(peers, from("b#2", 1, 100));
    expect(peers.bye(from("b#1", 5), 0)).toBe(false);
    expect(peers.isUp("b#2")).toBe(true);
  });
});
