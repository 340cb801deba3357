import assert from "node:assert/strict";
import { describe, test } from "vitest";

interface Message {
  readonly id: number;
}
interface MessageLog {
  readonly messages: readonly Message[];
  add(message: Message): void;
  rejoin(history: readonly Message[]): boolean;
}

// A module of the page, which has no types.
const path = new URL("../../../demo/web/model/message-log.js", import.meta.url).href;
const { MessageLog } = (await import(path)) as { MessageLog: new () => MessageLog };

const range = (first: number, last: number): Message[] =>
  Array.from({ length: last - first + 1 }, (_, index) => ({ id: first + index }));
const ids = (log: MessageLog): number[] => log.messages.map(({ id }) => id);

describe("MessageLog", () => {
  test("has each message once, by id, whatever comes twice and in which order", () => {
    const log = new MessageLog();
    log.rejoin(range(5, 7));
    for (const id of [8, 6, 4, 8]) log.add({ id });
    assert.equal(log.rejoin(range(6, 9)), false);
    assert.deepEqual(ids(log), [4, 5, 6, 7, 8, 9]);
  });

  test("drops what it knows rather than show it beside a hole", () => {
    const log = new MessageLog();
    log.rejoin(range(1, 3));
    assert.equal(log.rejoin(range(5, 6)), true);
    assert.deepEqual(ids(log), [5, 6]);
  });

  test("keeps what it knows when the history is empty", () => {
    const log = new MessageLog();
    log.rejoin(range(1, 3));
    assert.equal(log.rejoin([]), false);
    assert.deepEqual(ids(log), [1, 2, 3]);
  });
});
