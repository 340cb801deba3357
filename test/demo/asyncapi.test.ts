import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import type { AsyncApiDocument } from "rookery/channels";
import { afterAll, beforeAll, describe, test } from "vitest";
import { RunningDemo } from "./running-demo.ts";

let demo: RunningDemo;
let document: AsyncApiDocument;

beforeAll(async () => {
  demo = await RunningDemo.start();
  document = (await demo.get("/asyncapi.json")).json as AsyncApiDocument;
});
afterAll(() => demo[Symbol.asyncDispose]());

describe("/asyncapi.json", () => {
  test("is valid by the official schema", () => {
    const official = createRequire(import.meta.url)(
      "@asyncapi/specs/schemas/3.0.0-without-$id.json",
    ) as object;
    const validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(official);
    assert.ok(validate(document), JSON.stringify(validate.errors));
  });

  test("describes the channels of the socket with all their events", () => {
    const topics = Object.values(document.channels).map(({ address }) => address);
    assert.deepEqual(topics, ["room:{subtopic}", "orders:{subtopic}"]);
    assert.deepEqual(Object.keys(document.operations), [
      "room.join",
      "room.in.message_new",
      "room.in.typing",
      "room.out.message_new",
      "room.out.typing",
      "room.out.presence_state",
      "room.out.presence_diff",
      "orders.join",
      "orders.out.order_created",
      "orders.out.order_updated",
    ]);
  });
});
