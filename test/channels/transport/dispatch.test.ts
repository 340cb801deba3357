import { assert, describe, test } from "vitest";
import { Message, type MessageRef } from "../../../channels/message.ts";
import { Dispatch, dispatchOf } from "../../../channels/transport/dispatch.ts";

const name = (value: Dispatch): string => Object.entries(Dispatch).find(([, one]) => one === value)![0];

function decide(joinRef: MessageRef, topic: string, event: string, joinedAs: MessageRef | undefined): string {
  return name(dispatchOf(new Message(joinRef, "9", topic, event, {}), joinedAs));
}

describe("dispatchOf", () => {
  const refs: readonly MessageRef[] = [null, "1", 1, "2", "", false, 0];

  test("a heartbeat is answered whatever its join_ref", () => {
    for (const ref of refs) assert.equal(decide(ref, "phoenix", "heartbeat", undefined), "Heartbeat");
  });

  test("any other event on the topic phoenix is like that of any topic", () => {
    assert.equal(decide(null, "phoenix", "shout", undefined), "Unmatched");
    assert.equal(decide(null, "phoenix", "phx_join", undefined), "Join");
    assert.equal(decide(null, "room", "heartbeat", undefined), "Unmatched");
    assert.equal(decide(null, "room", "heartbeat", "1"), "ToChannel");
  });

  test("a join of a topic that is joined takes the place of the old one, whatever the join_refs", () => {
    for (const ref of refs) {
      assert.equal(decide(ref, "room", "phx_join", undefined), "Join");
      for (const joinedAs of refs) assert.equal(decide(ref, "room", "phx_join", joinedAs), "Rejoin");
    }
  });

  for (const [event, decision] of [
    ["phx_leave", "LeaveChannel"],
    ["shout", "ToChannel"],
    ["phx_close", "ToChannel"],
    ["phx_reply", "ToChannel"],
  ] as const) {
    test(`${event} goes to the channel with an equal join_ref or none, and is stale with another`, () => {
      assert.equal(decide("1", "room", event, "1"), decision);
      assert.equal(decide(1, "room", event, 1), decision);
      assert.equal(decide(null, "room", event, "1"), decision);
      assert.equal(decide("", "room", event, "1"), decision);
      assert.equal(decide("2", "room", event, "1"), "IgnoreStale");
      assert.equal(decide("1", "room", event, 1), "IgnoreStale");
      assert.equal(decide(1, "room", event, "1"), "IgnoreStale");
      assert.equal(decide(0, "room", event, false), "IgnoreStale");
      assert.equal(decide("1", "room", event, null), "IgnoreStale");
      assert.equal(decide(null, "room", event, null), decision);
    });
  }

  test("a leave of a topic that is not joined is confirmed, any other event has no match", () => {
    for (const ref of refs) {
      assert.equal(decide(ref, "room", "phx_leave", undefined), "ConfirmLeave");
      assert.equal(decide(ref, "room", "shout", undefined), "Unmatched");
    }
  });

  test("a topic or event that is no string has no match", () => {
    assert.equal(decide("1", 7 as unknown as string, "shout", undefined), "Unmatched");
    assert.equal(decide("1", "room", null as unknown as string, undefined), "Unmatched");
  });
});
