import { assert, describe, test } from "vitest";
import type { LogEntry, LogStore } from "../../../channels/index.ts";

const entry = (
  topic: string,
  offset: number,
  payload: string | Uint8Array = `{"n":${offset}}`,
): LogEntry => ({
  topic,
  offset,
  event: "said",
  payload,
  origin: offset % 2 === 0 ? "somebody" : null,
  atMs: 1_000 + offset,
});

const NONE: ReadonlyMap<string, number> = new Map();

/** What every store of a TopicLog does. `withStore` hands the test one that is opened. */
export function logStoreConformance(
  name: string,
  withStore: (use: (store: LogStore) => Promise<void>) => Promise<void>,
): void {
  const plain = (entries: readonly LogEntry[]): LogEntry[] =>
    entries.map(({ payload, ...rest }) => ({
      ...rest,
      payload: typeof payload === "string" ? payload : new Uint8Array(payload),
    }));

  describe(`${name}: a store of a log`, () => {
    test("answers what was appended, in order, from any offset on, text as text and bytes as bytes", () =>
      withStore(async (store) => {
        await store.begin("t", "e", ["said"]);
        await store.begin("u", "e", ["said"]);
        const bytes = entry("t", 3, new Uint8Array([0, 255]));
        await store.append([entry("t", 1), entry("u", 1), entry("t", 2, '{"ž":"\\u0000"}')], NONE);
        await store.append([bytes], NONE);
        assert.deepEqual(plain(await store.after("t", 0)), [
          entry("t", 1),
          entry("t", 2, '{"ž":"\\u0000"}'),
          bytes,
        ]);
        assert.deepEqual(plain(await store.after("t", 2)), [bytes]);
        assert.deepEqual(plain(await store.after("t", 3)), []);
        assert.deepEqual(plain(await store.after("u", 0)), [entry("u", 1)]);
      }));

    test("drops what is older than the first that is kept, of that topic only", () =>
      withStore(async (store) => {
        for (const topic of ["t", "u"]) {
          await store.begin(topic, "e", ["said"]);
          await store.append(
            [1, 2, 3].map((offset) => entry(topic, offset)),
            NONE,
          );
        }
        await store.append([entry("t", 4)], new Map([["t", 3]]));
        const offsets = async (topic: string): Promise<number[]> =>
          (await store.after(topic, 0)).map(({ offset }) => offset);
        assert.deepEqual(
          [await offsets("t"), await offsets("u")],
          [
            [3, 4],
            [1, 2, 3],
          ],
        );
        await store.append(
          [],
          new Map([
            ["t", 5],
            ["u", 2],
          ]),
        );
        assert.deepEqual([await offsets("t"), await offsets("u")], [[], [2, 3]]);
        await store.append([entry("t", 5)], NONE);
        assert.deepEqual(await offsets("t"), [5]);
        assert.deepEqual((await store.after("t", 4)).length, 1);
      }));

    test("begins a topic with nothing of what it had, and forgets topics", () =>
      withStore(async (store) => {
        for (const topic of ["t", "u"]) {
          await store.begin(topic, "e", ["said"]);
          await store.append([entry(topic, 1)], NONE);
        }
        await store.begin("t", "f", ["said"]);
        assert.deepEqual(await store.after("t", 0), []);
        await store.forget(["t"]);
        assert.deepEqual((await store.after("u", 0)).length, 1);
        await store.begin("t", "g", ["said"]);
        assert.deepEqual(await store.after("t", 0), []);
      }));

    test("takes thousands at once", () =>
      withStore(async (store) => {
        await store.begin("t", "e", ["said"]);
        await store.append(
          Array.from({ length: 12_345 }, (_, index) => entry("t", index + 1)),
          NONE,
        );
        assert.lengthOf(await store.after("t", 2_345), 10_000);
      }));
  });
}
