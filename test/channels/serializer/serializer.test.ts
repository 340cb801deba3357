import { assert, describe, test } from "vitest";
import { negotiateSerializer, type Serializer } from "../../../channels/serializer/serializer.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";

const v1: Serializer = { ...v2Json, vsn: "1.0" };
const both = [v1, v2Json];

describe("negotiateSerializer", () => {
  for (const vsn of ["2.0.0", "2.0.9", "2.0.10"]) {
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
    ["x"],
    {},
    null,
  ]) {
    test(`does not speak ${JSON.stringify(vsn)}`, () => assert.isUndefined(negotiateSerializer(both, vsn)));
  }

  test("takes a client that names no version for one of version 1", () => {
    assert.equal(negotiateSerializer(both, undefined), v1);
    assert.isUndefined(negotiateSerializer([v2Json], undefined));
  });
});
