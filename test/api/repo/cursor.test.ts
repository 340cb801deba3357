import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import {
  base64url,
  type CursorCodec,
  Cursors,
  type OrderBy,
  type OrderValue,
  type Place,
  RUN_MAX,
  signedCursors,
} from "../../../api/repo/cursor.ts";

const order: readonly OrderBy[] = [
  { column: "posts.inserted_at", type: "string", direction: "desc" },
  { column: "id", type: "number" },
];
const row = { id: 7, inserted_at: "2026-01-01", title: "secret" };
const plain: CursorCodec = { encode: (text) => text, decode: (cursor) => cursor };

function encodeCursor(by: readonly OrderBy[], of: object, codec?: CursorCodec): string {
  return new Cursors(by, codec).encode(of);
}

function decodeCursor(
  by: readonly OrderBy[],
  cursor: unknown,
  codec?: CursorCodec,
): readonly OrderValue[] | undefined {
  return new Cursors(by, codec).decode(cursor)?.values;
}

describe("a cursor", () => {
  test("holds the order and the row's values of its columns, nothing else", () => {
    const text = '[1,"posts.inserted_at:desc,id:asc","2026-01-01",7]';
    assert.equal(encodeCursor(order, row, plain), text);
    assert.equal(encodeCursor(order, row), Buffer.from(text).toString("base64url"));
    assert.deepEqual(decodeCursor(order, encodeCursor(order, row)), ["2026-01-01", 7]);
  });

  test("holds also the how manyth of its run the row is, where that is known, and no number greater than a page", () => {
    const cursors = new Cursors(order, plain);
    const text = (end: string): string => `[1,"posts.inserted_at:desc,id:asc","2026-01-01",7${end}]`;
    const place = (run: number | undefined): Place => ({ values: ["2026-01-01", 7], run });
    assert.equal(cursors.encode(row, 1), text(",1"));
    assert.equal(cursors.encode(row, RUN_MAX), text(`,${RUN_MAX}`));
    assert.equal(cursors.encode(row, RUN_MAX + 1), text(""));
    assert.deepEqual(cursors.decode(text("")), place(undefined));
    assert.deepEqual(cursors.decode(text(",1")), place(1));
    assert.deepEqual(cursors.decode(text(`,${RUN_MAX}`)), place(RUN_MAX));
    for (const run of ["0", "-1", "1.5", `${RUN_MAX + 1}`, "1e999", '"1"', "null", "true", "[1]", "1,1"])
      assert.equal(cursors.decode(text(`,${run}`)), undefined, run);
  });

  test("comes back as it was, whatever the values", () => {
    const rows = fc.record({
      id: fc.double({ noNaN: true, noDefaultInfinity: true }),
      inserted_at: fc.string(),
    });
    fc.assert(
      fc.property(rows, (any) => {
        const values = decodeCursor(order, encodeCursor(order, any));
        // JSON knows no -0.
        assert.deepEqual(values, [Buffer.from(any.inserted_at).toString(), any.id + 0]);
      }),
    );
  });

  test("needs a row that has the values", () => {
    for (const bad of [{ id: 7 }, { id: "7", inserted_at: "" }, { id: Number.NaN, inserted_at: "" }]) {
      assert.throws(() => encodeCursor(order, bad), { code: "ROOKERY_PAGE_ORDER" });
    }
  });

  test("is refused if it belongs to a list with another order", () => {
    const cursor = encodeCursor(order, row);
    assert.equal(decodeCursor([...order].reverse(), cursor), undefined);
    assert.equal(decodeCursor(order.slice(0, 1), cursor), undefined);
    assert.equal(
      decodeCursor([{ ...(order[0] as OrderBy), direction: "asc" }, order[1] as OrderBy], cursor),
      undefined,
    );
  });

  for (const bad of [
    "",
    "x",
    "null",
    "{}",
    "[1]",
    '[2,"posts.inserted_at:desc,id:asc","2026-01-01",7]',
    '[1,"posts.inserted_at:desc,id:asc","2026-01-01"]',
    '[1,"posts.inserted_at:desc,id:asc","2026-01-01",7,8,9]',
    ' [1,"posts.inserted_at:desc,id:asc","2026-01-01",7]',
    '[1,"posts.inserted_at:desc,id:asc","2026-01-01","7"]',
    '[1,"posts.inserted_at:desc,id:asc",null,7]',
    '[1,"posts.inserted_at:desc,id:asc",{"toString":1},7]',
    '[1,"posts.inserted_at:desc,id:asc","2026-01-01",1e999]',
  ]) {
    test(`is refused if it says ${bad === "" ? "nothing" : bad}`, () => {
      assert.equal(decodeCursor(order, bad, plain), undefined);
      assert.equal(decodeCursor(order, Buffer.from(bad).toString("base64url")), undefined);
    });
  }

  test("is refused if a byte of it is changed, added or missing, or if it is none at all", () => {
    const cursor = encodeCursor(order, row);
    for (const bad of [
      `${cursor}=`,
      `${cursor} `,
      ` ${cursor}`,
      `${cursor}\n`,
      cursor.slice(1),
      "a".repeat(3000),
      // Bytes that are no UTF-8.
      Buffer.from(`[1,"posts.inserted_at:desc,id:asc","\xff",7]`, "latin1").toString("base64url"),
    ]) {
      assert.equal(decodeCursor(order, bad), undefined);
    }
    for (const bad of [7, null, [cursor], { cursor }]) assert.equal(decodeCursor(order, bad), undefined);
  });

  test("is never decoded to anything but values of the order's types", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json()), (text) => {
        const values = decodeCursor(order, text) ?? decodeCursor(order, text, plain);
        if (values === undefined) return;
        assert.deepEqual(
          values.map((value) => typeof value),
          ["string", "number"],
        );
      }),
    );
  });

  test("may be signed by the codec that is handed in", () => {
    const signed: CursorCodec = {
      encode: (text) => `ok.${text}`,
      decode: (cursor) => (cursor.startsWith("ok.") ? cursor.slice(3) : undefined),
    };
    const cursor = encodeCursor(order, row, signed);
    assert.deepEqual(decodeCursor(order, cursor, signed), ["2026-01-01", 7]);
    assert.equal(decodeCursor(order, cursor.slice(3), signed), undefined);
  });
});

describe("a signed cursor", () => {
  const key = "0123456789abcdef0123456789abcdef";
  const signed = signedCursors(key);

  test("is the text in base64url, a dot, and the HMAC of it", () => {
    assert.equal(signed.encode("[1]"), "WzFd.3lPvdIuhWFP3VyExEqgeMyzDXPecfQqRmtII7uSnoEU");
  });

  test("comes back as it was", () => {
    assert.deepEqual(decodeCursor(order, encodeCursor(order, row, signed), signed), ["2026-01-01", 7]);
  });

  test("is none if any character of it was changed, added or left out", () => {
    const cursor = encodeCursor(order, row, signed);
    for (let at = 0; at < cursor.length; at += 1) {
      for (const other of ["A", "_", ".", ""]) {
        if (other === cursor[at]) continue;
        const changed = cursor.slice(0, at) + other + cursor.slice(at + 1);
        assert.equal(decodeCursor(order, changed, signed), undefined, changed);
      }
      assert.equal(decodeCursor(order, `${cursor.slice(0, at)}A${cursor.slice(at)}`, signed), undefined);
    }
  });

  test("is none if it was signed with another key, or not at all", () => {
    const foreign = signedCursors("another key, which is as long as that one");
    assert.equal(decodeCursor(order, encodeCursor(order, row, foreign), signed), undefined);
    assert.equal(decodeCursor(order, encodeCursor(order, row, base64url), signed), undefined);
  });

  test("needs a key that can't be guessed", () => {
    assert.throws(() => signedCursors("short"), { code: "ROOKERY_PAGE_KEY" });
  });
});
