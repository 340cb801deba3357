import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { addressOf } from "../../../../api/repo/postgres/address.ts";

describe("the address of a PostgreSQL", () => {
  test("says which it is, and no secrets", () => {
    const address = "postgres://db.example:5433/shop";
    assert.equal(addressOf("postgres://ada:secret@db.example:5433/shop?password=secret"), address);
    assert.equal(addressOf("postgresql://db.example:5433/shop"), address);
  });

  test("is none of another URL, nor of what is no URL", () => {
    for (const url of ["", "shop.db", "mysql://db.example/shop", "postgres"])
      assert.equal(addressOf(url), undefined);
  });
});
