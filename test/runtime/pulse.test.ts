import { expect, test } from "vitest";
import { Pulse } from "../../runtime/pulse.ts";

test("a turn that was found to take long is known for it at its end, whatever it sent or started since", () => {
  const pulse = new Pulse();
  const watchdog = new Pulse(pulse.memory);
  pulse.begin();
  watchdog.mark(watchdog.turn);
  for (let sent = 0; sent < 2; sent += 1) pulse.open(pulse.shut());
  expect(pulse.end()).toBe(true);
  pulse.standStill();
  pulse.begin();
  expect(pulse.end()).toBe(false);
});
