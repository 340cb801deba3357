import { expect, test } from "vitest";
import { WrongTokens } from "../../../api/dashboard/wrong-tokens.ts";
import { VirtualClock } from "../../../runtime/testing.ts";

test("an address has to wait for the end of its minute after ten wrong tokens, and no other one has to", () => {
  const clock = new VirtualClock();
  const wrong = new WrongTokens(clock);
  for (let n = 0; n < 10; n += 1) {
    expect(wrong.waitS("192.0.2.1")).toBeUndefined();
    wrong.add("192.0.2.1");
  }
  expect(wrong.waitS("192.0.2.1")).toBe(60);
  expect(wrong.waitS("192.0.2.2")).toBeUndefined();
  clock.advance(59_500);
  expect(wrong.waitS("192.0.2.1")).toBe(1);
  clock.advance(500);
  expect(wrong.waitS("192.0.2.1")).toBeUndefined();
});
