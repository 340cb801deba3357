import { describe, expect, test } from "vitest";
import { endedAsTold } from "../../supervisors/child-shutdown.ts";

describe("endedAsTold", () => {
  test.each<[string, "permanent" | "transient", 5_000 | "brutal_kill", unknown, boolean]>([
    ["asked to shut down: shutdown", "permanent", 5_000, "shutdown", true],
    ["asked to shut down: killed, its time was over", "permanent", 5_000, "killed", false],
    ["asked to shut down: another reason", "permanent", 5_000, "boom", false],
    ["killed: killed", "permanent", "brutal_kill", "killed", true],
    ["killed: shutdown, it was faster", "permanent", "brutal_kill", "shutdown", false],
    ["permanent: an end in order of its own", "permanent", 5_000, "normal", false],
    ["not permanent: an end in order of its own", "transient", 5_000, ["shutdown", "x"], true],
    ["not permanent and killed: an end in order of its own", "transient", "brutal_kill", "normal", true],
    ["not permanent: a crash", "transient", 5_000, new Error("boom"), false],
  ])("%s", (_sentence, restart, shutdown, reason, expected) => {
    expect(endedAsTold({ restart, shutdown }, reason)).toBe(expected);
  });
});
