import assert from "node:assert/strict";
import { test } from "vitest";
import { recordId } from "../../demo/record-id.ts";

test("recordId takes what can be an id, in its one spelling", () => {
  assert.equal(recordId("1"), 1);
  assert.equal(recordId("9007199254740991"), Number.MAX_SAFE_INTEGER);
  for (const text of [
    undefined,
    "",
    "0",
    "01",
    "-1",
    "+1",
    "1.0",
    "1e3",
    " 1",
    "1\n",
    "٣",
    "9007199254740992",
  ]) {
    assert.equal(recordId(text), undefined, text);
  }
});
