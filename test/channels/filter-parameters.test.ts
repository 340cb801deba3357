import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { filterParameters } from "../../channels/filter-parameters.ts";

describe("filterParameters", () => {
  test("hides whatever stands under a name that contains the name of a secret, at any depth", () => {
    const params = {
      user: { name: "ada", password: "hunter2", Password_Confirmation: ["hunter2"] },
      list: [{ access_token: { value: "t" } }],
      headers: { authorization: "Bearer t", cookie: "c=1", accept: "*/*" },
    };
    assert.deepEqual(filterParameters(params), {
      user: { name: "ada", password: "[FILTERED]", Password_Confirmation: "[FILTERED]" },
      list: [{ access_token: "[FILTERED]" }],
      headers: { authorization: "[FILTERED]", cookie: "[FILTERED]", accept: "*/*" },
    });
  });

  test("leaves what was handed in as it is", () => {
    const params = Object.freeze({ password: "hunter2" });
    filterParameters(params);
    assert.equal(params.password, "hunter2");
  });

  test("leaves instances of classes alone", () => {
    const date = new Date(0);
    assert.equal((filterParameters({ date }) as { date: Date }).date, date);
  });

  test("says of bytes how many they are", () => {
    assert.deepEqual(filterParameters({ image: new Uint8Array(7) }), { image: "[7 bytes]" });
    assert.equal(filterParameters(Buffer.from("abc")), "[3 bytes]");
  });

  test("ends where an object contains itself", () => {
    const loop: Record<string, unknown> = { password: "hunter2" };
    loop["again"] = loop;
    const text = JSON.stringify(filterParameters(loop));
    assert.ok(text.includes("[DEEP]") && !text.includes("hunter2"), text);
  });
});
