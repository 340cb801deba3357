import { describe, expect, test } from "vitest";
import { PhxRefs } from "../../../channels/tracker/phx-refs.ts";
import { VirtualClock } from "../../../runtime/testing.ts";

describe("PhxRefs", () => {
  test("a reference is 12 bytes in base64url: the time in nanoseconds, then what tells makers apart", () => {
    const refs = new PhxRefs(new VirtualClock(1_700_000_000_000), { next: () => 0.5 });
    // 1,700,000,000,000,000,000 is 0x17979cfe362a0000; half of 2^32 is 0x80000000.
    expect(Buffer.from(refs.next(), "base64url").toString("hex")).toBe("17979cfe362a000080000000");
  });

  test("all are different, also while time stands still and when it steps back", () => {
    let timeMs = 1_000;
    const clock = Object.assign(new VirtualClock(), { systemTimeMs: () => timeMs });
    const refs = new PhxRefs(clock, { next: () => 0 });
    const made = new Set<string>();
    for (const at of [1_000, 1_001, 999, 1_001]) {
      timeMs = at;
      for (let index = 0; index < 1_000; index += 1) made.add(refs.next());
    }
    expect(made.size).toBe(4_000);
    for (const ref of made) expect(ref).toMatch(/^[A-Za-z0-9_-]{16}$/);
  });
});
