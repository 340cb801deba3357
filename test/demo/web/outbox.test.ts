import assert from "node:assert/strict";
import { describe, test } from "vitest";

interface Letter {
  readonly body: string;
}
interface Outbox {
  readonly waiting: readonly Letter[];
  add(body: string, afterId: number): Letter;
  remove(letter: Letter): void;
  appeared(message: { readonly id: number; readonly body: string }): void;
}

// A module of the page, which has no types.
const path = new URL("../../../demo/web/model/outbox.js", import.meta.url).href;
const { Outbox } = (await import(path)) as { Outbox: new () => Outbox };

const bodies = (outbox: Outbox): string[] => outbox.waiting.map(({ body }) => body);

describe("Outbox", () => {
  test("shows a letter until it is acknowledged", () => {
    const outbox = new Outbox();
    const letter = outbox.add("hello", 0);
    assert.deepEqual(bodies(outbox), ["hello"]);
    outbox.remove(letter);
    assert.deepEqual(bodies(outbox), []);
  });

  test("shows it no more once it has appeared, though the acknowledgement was lost", () => {
    const outbox = new Outbox();
    outbox.add("hello", 7);
    outbox.appeared({ id: 8, body: "hello" });
    assert.deepEqual(bodies(outbox), []);
  });

  test("takes no older message of the same words for it", () => {
    const outbox = new Outbox();
    outbox.add("hello", 7);
    outbox.appeared({ id: 7, body: "hello" });
    assert.deepEqual(bodies(outbox), ["hello"]);
  });

  test("takes a message that is met twice for one letter only", () => {
    const outbox = new Outbox();
    outbox.add("same", 0);
    outbox.add("same", 0);
    outbox.appeared({ id: 1, body: "same" });
    outbox.appeared({ id: 1, body: "same" });
    assert.deepEqual(bodies(outbox), ["same"]);
  });
});
