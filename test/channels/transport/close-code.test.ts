import { assert, describe, test } from "vitest";
import { closeCode } from "../../../channels/transport/close-code.ts";

describe("closeCode", () => {
  const table: readonly (readonly [reason: unknown, code: number])[] = [
    ["normal", 1000],
    [["shutdown", "disconnected"], 1001],
    [["shutdown", "inactive"], 1002],
    [new Error("malformed frame"), 1011],
    ["killed", 1011],
    [["bad_return_value", 1], 1011],
    ["shutdown", 1012],
    [["shutdown", "restart"], 1012],
    [["shutdown", "slow_consumer"], 1013],
    [["shutdown", "expired"], 3000],
    [["shutdown", ["close", 4001]], 4001],
    [["shutdown", ["close", 1005]], 1012],
    [["shutdown", ["close", 5000]], 1012],
    [["shutdown", ["close", "4001"]], 1012],
  ];
  for (const [reason, code] of table) {
    test(`${code} after ${String(reason)}`, () => assert.equal(closeCode(reason), code));
  }
});
