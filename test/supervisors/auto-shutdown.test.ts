import { describe, expect, test } from "vitest";
import { type AutoShutdown, endsSupervisor } from "../../supervisors/auto-shutdown.ts";

const significant = { spec: { significant: true }, pid: undefined };
const insignificant = { spec: { significant: false }, pid: undefined };
const running = (child: { spec: { significant: boolean } }) => ({ ...child, pid: "a pid" });

describe("endsSupervisor", () => {
  test.each<[string, AutoShutdown, typeof significant, object[], boolean]>([
    ["never: nothing ends it", "never", significant, [], false],
    [
      "any_significant: the first significant child ends it",
      "any_significant",
      significant,
      [running(significant)],
      true,
    ],
    ["any_significant: an insignificant child does not", "any_significant", insignificant, [], false],
    [
      "all_significant: not while another one runs",
      "all_significant",
      significant,
      [running(significant)],
      false,
    ],
    [
      "all_significant: the last one does",
      "all_significant",
      significant,
      [significant, running(insignificant)],
      true,
    ],
    ["all_significant: an insignificant child does not", "all_significant", insignificant, [], false],
  ])("%s", (_sentence, autoShutdown, ended, left, expected) => {
    expect(endsSupervisor(autoShutdown, ended, left as (typeof significant)[])).toBe(expected);
  });

  test("a child that is being restarted counts as running", () => {
    expect(
      endsSupervisor("all_significant", significant, [{ ...significant, pid: "restarting" } as never]),
    ).toBe(false);
  });
});
