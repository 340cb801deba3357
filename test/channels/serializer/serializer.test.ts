import { assert, describe, test } from "vitest";
import { negotiateSerializer } from "../../../channels/serializer/serializer.ts";
import { v1Json } from "../../../channels/serializer/v1-json.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";

const both = [v1Json, v2Json];

describe("negotiateSerializer", () => {
  for (const vsn of ["2.0.0", "2.0.9", "2.0.10", "2.0.1-rc.1", "2.0.0+build.7"]) {
    test(`speaks ${vsn}`, () => assert.equal(negotiateSerializer(both, vsn), v2Json));
  }

  for (const vsn of [
    "2.1.0",
    "3.0.0",
    "banana",
    "",
    "2.0",
    "2.0.0-rc.1",
    "2.0.00",
    "2.0.0 ",
    "v2.0.0",
    "2.1.0-rc.1",
    "2.0.1-",
    "2.0.1-rc..1",
    "2.0.1-01",
    "2.0.1+",
    ["x"],
    {},
    null,
  ]) {
    test(`does not speak ${JSON.stringify(vsn)}`, () => assert.isUndefined(negotiateSerializer(both, vsn)));
  }

  for (const vsn of ["1.0.0", "1.0.3", "1.0.3-a"]) {
    test(`speaks ${vsn}, version 1`, () => assert.equal(negotiateSerializer(both, vsn), v1Json));
  }

  test("takes a client that names no version for one of version 1", () => {
    assert.equal(negotiateSerializer(both, undefined), v1Json);
    assert.isUndefined(negotiateSerializer([v2Json], undefined));
  });
});
